//! Where the connections of a client come from.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect;
use reveille::net::TcpStream;
use reveille::time;

/// Makes TCP connections for hyper-util's client: by happy eyeballs (RFC 8305), so that one dead address of a name costs a quarter
/// of a second, and with `TCP_NODELAY`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille_hyper::{Connector, client_builder};
///
/// let connector = Connector::new().connect_timeout(Duration::from_secs(5));
/// let client = client_builder().build::<_, String>(connector);
/// # drop(client);
/// ```
#[derive(Clone, Debug)]
pub struct Connector {
    connect_timeout: Option<Duration>,
    enforce_http: bool,
}

impl Connector {
    /// One without a timeout, for the scheme `http`.
    pub fn new() -> Self {
        Self {
            connect_timeout: None,
            enforce_http: true,
        }
    }

    /// How long looking the name up and connecting to all of its addresses may take, together. Without this the system decides,
    /// in minutes.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Whether another scheme than `http` is an error, which it is by default. A connector for TLS around this one says no.
    pub fn enforce_http(mut self, is_enforced: bool) -> Self {
        self.enforce_http = is_enforced;
        self
    }

    async fn connect(self, uri: Uri) -> io::Result<Connected> {
        let (host, port) = self.destination(&uri)?;
        let connecting = TcpStream::connect((host, port));
        let stream = match self.connect_timeout {
            Some(timeout) => time::timeout(timeout, connecting).await.map_err(|_| {
                io::Error::new(io::ErrorKind::TimedOut, "the connection was not there in time")
            })??,
            None => connecting.await?,
        };
        stream.set_nodelay(true)?;
        Ok(Connected(stream))
    }

    fn destination<'a>(&self, uri: &'a Uri) -> io::Result<(&'a str, u16)> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{uri}: {what}"));
        let scheme = uri.scheme_str();
        if self.enforce_http && scheme != Some("http") {
            return Err(invalid("this connector has no other scheme than `http`"));
        }
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("there is no host"))?;
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // For `Uri` any text may be a port. An empty one is none (RFC 3986, 3.2.3).
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let has_port = !authority.ends_with(host) && !authority.ends_with(':');
        let port = match (uri.port_u16(), scheme) {
            (Some(port), _) => port,
            (None, _) if has_port => return Err(invalid("the port is no number below 65536")),
            (None, Some("https" | "wss")) => 443,
            (None, _) => 80,
        };
        Ok((address.unwrap_or(host), port))
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new()
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = Connected;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        Connecting(Box::pin(self.clone().connect(uri)))
    }
}

/// The future of a [`Connector`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Connecting(Pin<Box<dyn Future<Output = io::Result<Connected>> + Send>>);

impl Future for Connecting {
    type Output = io::Result<Connected>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").finish_non_exhaustive()
    }
}

/// A connection of a [`Connector`].
#[derive(Debug)]
pub struct Connected(TcpStream);

impl Connected {
    /// The stream.
    pub fn get_ref(&self) -> &TcpStream {
        &self.0
    }

    /// The stream, which is the caller's from here on.
    pub fn into_inner(self) -> TcpStream {
        self.0
    }
}

impl connect::Connection for Connected {
    fn connected(&self) -> connect::Connected {
        connect::Connected::new()
    }
}

impl Read for Connected {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Connected {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Write::poll_write(Pin::new(&mut self.0), cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Write::poll_write_vectored(Pin::new(&mut self.0), cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        Write::is_write_vectored(&self.0)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_shutdown(Pin::new(&mut self.0), cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(connector: &Connector, uri: &str) -> Result<(String, u16), io::ErrorKind> {
        let uri: Uri = uri.parse().unwrap();
        match connector.destination(&uri) {
            Ok((host, port)) => Ok((host.to_owned(), port)),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn a_port_is_a_port_or_none() {
        let connector = Connector::new();
        for none in ["host", "host:", "user:81@host", "user:81@host:"] {
            let uri = format!("http://{none}/");
            assert_eq!(destination(&connector, &uri), Ok(("host".into(), 80)), "{uri}");
        }
        assert_eq!(destination(&connector, "http://[::1]/"), Ok(("::1".into(), 80)));
        for wrong in ["host:99999", "host:8o80", "[::1]:65536", "user:81@host:x"] {
            let uri = format!("http://{wrong}/");
            let refused = Err(io::ErrorKind::InvalidInput);
            assert_eq!(destination(&connector, &uri), refused, "{uri}");
        }
    }

    #[test]
    fn a_uri_says_where_to_connect_to() {
        let plain = Connector::new();
        assert_eq!(
            destination(&plain, "http://localhost/"),
            Ok(("localhost".into(), 80))
        );
        assert_eq!(destination(&plain, "http://[::1]:81/"), Ok(("::1".into(), 81)));
        assert_eq!(
            destination(&plain, "https://localhost/"),
            Err(io::ErrorKind::InvalidInput)
        );
        assert_eq!(destination(&plain, "/relative"), Err(io::ErrorKind::InvalidInput));
        let under_tls = plain.enforce_http(false);
        assert_eq!(
            destination(&under_tls, "https://localhost/"),
            Ok(("localhost".into(), 443))
        );
        assert_eq!(
            destination(&under_tls, "/relative"),
            Err(io::ErrorKind::InvalidInput)
        );
    }
}
