//! Who answers.

use std::io::Result;
use std::net::SocketAddr;

use futures_io::{AsyncRead, AsyncWrite};
use reveille_net::{AcceptPolicy, TcpListener, TcpStream, ToSocketAddrs};

use crate::lines::Lines;

/// Waits for clients.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Listens on `address`.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::bind`].
    pub async fn bind(address: impl ToSocketAddrs) -> Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the next client. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the listener itself; a client that leaves at once and a shortage of descriptors are none.
    pub async fn accept(&self) -> Result<Connection> {
        let (stream, _) = self.listener.incoming(AcceptPolicy::default()).accept().await?;
        stream.set_nodelay(true)?;
        Ok(Connection::new(stream))
    }
}

/// A client that is to be served, by a task of its own if there are several.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    lines: Lines<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Over a stream that is connected.
    pub fn new(stream: S) -> Self {
        Self {
            lines: Lines::new(stream),
        }
    }

    /// Answers each request by what `respond` returns, until the client leaves.
    ///
    /// # Errors
    ///
    /// The stream's, and those of a request or a response that is not one line.
    pub async fn serve(mut self, mut respond: impl FnMut(&str) -> String) -> Result<()> {
        while let Some(request) = self.lines.read().await? {
            self.lines.write(&respond(&request)).await?;
        }
        Ok(())
    }
}
