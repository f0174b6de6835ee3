//! A client that writes what it is told to, byte by byte, and reads responses of HTTP/1.

use std::io;
use std::net::SocketAddr;

use reveille::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use reveille::net::TcpStream;

/// What a client of HTTP/2 begins with: the preface, and its settings, which are the usual ones.
pub(crate) const HTTP_2: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A connection.
pub(crate) struct Raw<S = TcpStream> {
    stream: S,
    received: Vec<u8>,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await
    }

    /// Asks for a path.
    pub(crate) async fn get(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.send(&request).await.unwrap();
    }

    /// The next response, which must say how long it is.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = loop {
            if let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break self.take(end + 4);
            }
            self.more().await;
        };
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while self.received.len() < length {
            self.more().await;
        }
        let body = self.take(length);
        Answer { head, body }
    }

    /// The next bytes, whatever they are.
    pub(crate) async fn bytes(&mut self, count: usize) -> String {
        while self.received.len() < count {
            self.more().await;
        }
        self.take(count)
    }

    /// Waits for the end; nothing may come before.
    pub(crate) async fn ended(&mut self) {
        assert_eq!(String::from_utf8_lossy(&self.received), "");
        match self.stream.read(&mut [0; 64]).await {
            Ok(0) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            other => panic!("no end: {other:?}"),
        }
    }

    /// Waits for the end, whatever comes before.
    pub(crate) async fn ended_at_last(&mut self) {
        while let Ok(1..) = self.stream.read(&mut [0; 4096]).await {}
    }

    async fn more(&mut self) {
        let mut bytes = [0; 4096];
        let count = self.stream.read(&mut bytes).await.unwrap();
        assert!(
            count > 0,
            "closed after {:?}",
            String::from_utf8_lossy(&self.received)
        );
        self.received.extend_from_slice(&bytes[..count]);
    }

    fn take(&mut self, count: usize) -> String {
        String::from_utf8(self.received.drain(..count).collect()).unwrap()
    }
}
