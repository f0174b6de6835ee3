//! What a browser asks: as much of HTTP as that takes.

use std::io::{self, Read};

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

/// A request without its body, which none here has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    path: String,
    host: Option<String>,
}

/// Why a request is not answered: the status that says so.
pub(super) type Refused = &'static str;

impl Request {
    /// Reads one.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Result<Self, Refused>> {
        let mut head = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            let read = from.read(&mut buffer)?;
            head.extend_from_slice(&buffer[..read]);
            if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                head.truncate(end);
                return Ok(Self::parse(&head));
            }
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if head.len() > LONGEST_HEAD {
                return Ok(Err("431 Request Header Fields Too Large"));
            }
        }
    }

    fn parse(head: &[u8]) -> Result<Self, Refused> {
        let head = std::str::from_utf8(head).map_err(|_| "400 Bad Request")?;
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let mut words = first.split(' ');
        let (Some(method), Some(path), Some("HTTP/1.1" | "HTTP/1.0"), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("400 Bad Request");
        };
        let method = match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            _ => return Err("405 Method Not Allowed"),
        };
        let mut hosts = rest.split("\r\n").filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim().to_owned())
        });
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err("400 Bad Request");
        }
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Ok(Self {
            method,
            path: path.to_owned(),
            host,
        })
    }

    /// Whether it was sent to a name of this machine that only this machine gives a meaning.
    pub(super) fn is_for_this_machine(&self, port: u16) -> bool {
        let host = self.host.as_deref();
        host == Some(&format!("127.0.0.1:{port}")) || host == Some(&format!("localhost:{port}"))
    }

    /// What is asked for, if the token is right.
    pub(super) fn path_behind(&self, token: &str) -> Option<&str> {
        let (own, path) = self.path.strip_prefix('/')?.split_once('/')?;
        is_same(own, token).then_some(path)
    }
}

/// Takes as long wherever the two differ, so that nobody finds a token out letter by letter.
fn is_same(one: &str, other: &str) -> bool {
    let differences = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |all, (one, other)| all | one ^ other);
    one.len() == other.len() && differences == 0
}

const LONGEST_HEAD: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: &str) -> Result<Request, Refused> {
        Request::read(&mut head.as_bytes()).unwrap()
    }

    #[test]
    fn what_a_browser_asks_is_understood() {
        let asked =
            request("GET /secret/events?x=1 HTTP/1.1\r\nAccept: */*\r\nHOST: 127.0.0.1:80\r\n\r\n").unwrap();
        assert_eq!(asked.method, Method::Get);
        assert_eq!(asked.path_behind("secret"), Some("events"));
        assert_eq!(asked.path_behind("secreT"), None);
        assert_eq!(asked.path_behind("secret1"), None);
        assert!(asked.is_for_this_machine(80) && !asked.is_for_this_machine(81));
    }

    #[test]
    fn a_name_that_others_give_a_meaning_is_none_of_this_machine() {
        for head in [
            "GET / HTTP/1.1\r\nHost: example.com:80\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: 127.0.0.1.example.com:80\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
        ] {
            assert!(!request(head).unwrap().is_for_this_machine(80), "{head}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(request("GET /\r\n\r\n"), Err("400 Bad Request"));
        assert_eq!(request("GET / HTTP/2.0\r\n\r\n"), Err("400 Bad Request"));
        assert_eq!(request("PUT / HTTP/1.1\r\n\r\n"), Err("405 Method Not Allowed"));
        let two = "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nHost: example.com\r\n\r\n";
        assert_eq!(request(two), Err("400 Bad Request"));
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(2 * LONGEST_HEAD));
        assert_eq!(request(&long), Err("431 Request Header Fields Too Large"));
        assert!(
            Request::read(&mut "GET / HTTP/1.1\r\n".as_bytes()).is_err(),
            "it ends too early"
        );
    }
}
