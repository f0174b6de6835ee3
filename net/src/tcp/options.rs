//! The options of a connection.

use std::io;
use std::time::Duration;

use socket2::SockRef;

use crate::tcp::stream::TcpStream;

impl TcpStream {
    /// Whether each write is sent at once (`TCP_NODELAY`), instead of being held back for more while something is
    /// unacknowledged. It is off when a connection is made.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.registration.get_ref().nodelay()
    }

    /// Sets [`nodelay`](Self::nodelay).
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     stream.set_nodelay(true)?;
    ///     assert!(stream.nodelay()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.registration.get_ref().set_nodelay(nodelay)
    }

    /// The time to live of the packets, in hops.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.registration.get_ref().ttl()
    }

    /// Sets [`ttl`](Self::ttl).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.registration.get_ref().set_ttl(ttl)
    }

    /// How long closing waits for what is not sent yet (`SO_LINGER`), in whole seconds; `None`: it does not wait, and
    /// the system goes on sending.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// Sets [`linger`](Self::linger). With `Some(Duration::ZERO)` closing resets the connection; with any other
    /// duration it may block the thread for that long.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use std::time::Duration;
    ///
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     server.set_linger(Some(Duration::ZERO))?;
    ///     drop(server);
    ///     let reset = client.read(&mut [0; 8]).await.unwrap_err();
    ///     assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(linger)
    }

    /// The error that waits on the socket (`SO_ERROR`), which is cleared by that.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot be asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.registration.get_ref().take_error()
    }
}
