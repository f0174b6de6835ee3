//! Who asks.

use std::io::{ErrorKind, Result};

use futures_io::{AsyncRead, AsyncWrite};
use reveille_net::{TcpStream, ToSocketAddrs};

use crate::lines::Lines;

/// A connection to a [`Server`](crate::Server).
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    lines: Lines<S>,
}

impl Client {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::connect`].
    pub async fn connect(address: impl ToSocketAddrs) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::new(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Over a stream that is connected.
    pub fn new(stream: S) -> Self {
        Self {
            lines: Lines::new(stream),
        }
    }

    /// Sends a request and waits for the response. Not cancel safe: the next would get the response to this one.
    ///
    /// # Errors
    ///
    /// The stream's; `InvalidInput` for a request that is not one line of at most [`LONGEST`](crate::LONGEST) bytes,
    /// `InvalidData` for such a response, `UnexpectedEof` if the server leaves.
    pub async fn request(&mut self, request: &str) -> Result<String> {
        self.lines.write(request).await?;
        self.lines
            .read()
            .await?
            .ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }
}
