//! Requests, as redis' clients send them: an array of strings, each with its length before it.

/// A string has so many bytes at most.
const STRING: usize = 64 * 1024;

/// All strings of a request together have so many at most.
const REQUEST: usize = 128 * 1024;

/// A request has so many strings at most.
const ARGUMENTS: usize = 1024;

/// A line with a length has so many bytes at most.
const LINE: usize = 32;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request<'a> {
    /// The command's name and what it is about.
    pub(crate) arguments: Vec<&'a [u8]>,
    /// How many bytes it took.
    pub(crate) length: usize,
}

/// The first request in `bytes`, or `None` if it has not come to its end. No claim about a length is believed: what is
/// refused is refused before it is waited for.
///
/// # Errors
///
/// What is to be told to the client; nothing that comes after that can be understood.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Request<'_>>, &'static str> {
    // An empty line counts as a request without strings, which asks for nothing: `redis-cli --pipe` sends one.
    match bytes {
        b"\r" => return Ok(None),
        [b'\r', b'\n', ..] => {
            return Ok(Some(Request {
                arguments: Vec::new(),
                length: 2,
            }));
        }
        _ => {}
    }
    let mut at = 0;
    let Some(count) = length(bytes, &mut at, b'*')? else {
        return Ok(None);
    };
    if count > ARGUMENTS {
        return Err("ERR Protocol error: invalid multibulk length");
    }
    let mut arguments = Vec::new();
    let mut total = 0;
    for _ in 0..count {
        let Some(length) = length(bytes, &mut at, b'$')? else {
            return Ok(None);
        };
        total += length.min(REQUEST);
        if length > STRING || total > REQUEST {
            return Err("ERR Protocol error: invalid bulk length");
        }
        let Some(text) = bytes.get(at..at + length + 2) else {
            return Ok(None);
        };
        let Some(text) = text.strip_suffix(b"\r\n") else {
            return Err("ERR Protocol error: a string is longer than it says");
        };
        arguments.push(text);
        at += length + 2;
    }
    Ok(Some(Request {
        arguments,
        length: at,
    }))
}

/// Reads `kind`, a number and the end of the line; goes on behind that.
fn length(bytes: &[u8], at: &mut usize, kind: u8) -> Result<Option<usize>, &'static str> {
    let rest = &bytes[*at..];
    match rest.first() {
        None => return Ok(None),
        Some(first) if *first != kind => return Err("ERR Protocol error: expected an array of strings"),
        Some(_) => {}
    }
    let Some(end) = rest.iter().take(LINE).position(|byte| *byte == b'\r') else {
        let refused = Err("ERR Protocol error: invalid length");
        return if rest.len() < LINE { Ok(None) } else { refused };
    };
    let Some(last) = rest.get(end + 1) else {
        return Ok(None);
    };
    let digits = &rest[1..end];
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok());
    match number {
        Some(number) if *last == b'\n' && digits[0] != b'+' => {
            *at += end + 2;
            Ok(Some(number))
        }
        _ => Err("ERR Protocol error: invalid length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(arguments: &[&'a [u8]], length: usize) -> Result<Option<Request<'a>>, &'static str> {
        let arguments = arguments.to_vec();
        Ok(Some(Request { arguments, length }))
    }

    #[test]
    fn a_request_is_understood_when_its_last_byte_has_come() {
        let bytes = b"*2\r\n$4\r\nECHO\r\n$3\r\n\r\n!\r\n*1\r\n";
        let end = bytes.len() - 4;
        for length in 0..end {
            assert_eq!(parse(&bytes[..length]), Ok(None), "{length} bytes");
        }
        for length in end..=bytes.len() {
            assert_eq!(parse(&bytes[..length]), request(&[b"ECHO", b"\r\n!"], end));
        }
        assert_eq!(parse(b"*0\r\n"), request(&[], 4));
        assert_eq!(parse(b"\r"), Ok(None));
        assert_eq!(parse(b"\r\n*1"), request(&[], 2));
    }

    #[test]
    fn what_is_too_much_is_refused_before_it_has_come() {
        let long = format!("*2\r\n$65536\r\n{}\r\n$65537\r\n", "x".repeat(65536));
        let many = "*1025\r\n";
        let endless = format!("*{}", "1".repeat(31));
        for text in [
            many,
            "*1\r\n$65537\r\n",
            "*1\r\n$18446744073709551615\r\n",
            &long,
            &endless,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{}", &text[..text.len().min(40)]);
        }
        let all = format!(
            "*3\r\n{}$1\r\n",
            format!("$65536\r\n{}\r\n", "x".repeat(65536)).repeat(2)
        );
        assert!(parse(all.as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in [
            "PING\r\n",
            "\rx",
            "*-1\r\n",
            "*+1\r\n",
            "*\r\n",
            "*1\r\n:1\r\n",
            "*1\r\n$-1\r\n",
            "*1\rx",
            "*1\r\n$1\r\nabc",
            "*é\r\n",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
