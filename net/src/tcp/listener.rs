//! Taking connections.

use std::io;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration, Wait};

use crate::accept_policy::AcceptPolicy;
use crate::bind::{Bind, Bound};
use crate::descriptor;
use crate::incoming::{Incoming, Listener};
use crate::tcp::stream::TcpStream;
use crate::to_socket_addrs::ToSocketAddrs;

/// Takes TCP connections.
///
/// # Examples
///
/// ```
/// use reveille_net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (_server, from) = listener.accept().await?;
///     assert_eq!(from, client.local_addr()?);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct TcpListener {
    pub(crate) registration: Registration<mio::net::TcpListener>,
}

impl TcpListener {
    /// A listener on the first of the addresses that can be had. Port 0 lets the system choose one, which
    /// [`local_addr`](Self::local_addr) tells.
    ///
    /// `SO_REUSEADDR` is set (not on Windows), so that a server can be restarted at once.
    ///
    /// # Errors
    ///
    /// If no address can be had: that of the last one, with all of them in its text if there are several.
    ///
    /// # Cancel safety
    ///
    /// Safe: there is no socket before this is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use reveille_net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind(("localhost", 0)).await?;
    ///     let again = TcpListener::bind(listener.local_addr()?).await;
    ///     assert_eq!(again.unwrap_err().kind(), ErrorKind::AddrInUse);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> Bind<Self> {
        Bind::new(addr)
    }

    /// Takes over a listener of std, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then the listener is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::TcpListener;
    ///
    /// let listener = TcpListener::from_std(std::net::TcpListener::bind("127.0.0.1:0")?)?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::new(mio::net::TcpListener::from_std(listener))
    }

    /// The listener as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of taking it out of the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0"))?.into_std()?;
    /// listener.set_nonblocking(false)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        self.registration.into_inner().map(descriptor::into_std)
    }

    /// The next connection, and the address of the peer.
    ///
    /// # Errors
    ///
    /// The system's, as they are: some are about one connection (`ConnectionAborted`), some about the process (too many
    /// open files). The listener stays usable after each of them; after one of the second kind the next call fails
    /// at once as well until there is room, so a loop should wait a little then: [`incoming`](Self::incoming) does.
    ///
    /// # Cancel safety
    ///
    /// Safe: a connection that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     assert_eq!(server.peer_addr()?, client.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn accept(&self) -> Accept<'_> {
        Accept {
            wait: self.registration.wait(Direction::Read, Location::caller()),
        }
    }

    /// As [`accept`](Self::accept), for those who write a `poll` function. Of several tasks that poll, the last one
    /// is woken.
    ///
    /// # Errors
    ///
    /// As for [`accept`](Self::accept).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::future::poll_fn;
    ///
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_server, from) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    /// assert_eq!(from, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.registration
            .poll_io(Direction::Read, Location::caller(), cx, accept)
    }

    /// The connections that come in, one after the other, as a [`Stream`](futures_core::Stream): for a server's loop. Errors
    /// that are no reason to stop are dealt with as `policy` says; those that are left are about the listener itself.
    ///
    /// Any number of these may take connections from one listener.
    ///
    /// # Errors
    ///
    /// After one that is about the listener the stream has ended.
    ///
    /// # Cancel safety
    ///
    /// Safe: a connection that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use reveille_net::{AcceptPolicy, TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let _client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let mut incoming = listener.incoming(AcceptPolicy::default());
    ///     while let Some(connection) = incoming.next().await {
    ///         let (stream, _from) = connection?;
    ///         // Here a server spawns a task.
    ///         stream.write_all(b"hello").await?;
    ///         # break;
    ///     }
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn incoming(&self, policy: AcceptPolicy) -> Incoming<'_, Self> {
        Incoming::new(self, policy)
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// assert_ne!(listener.local_addr()?.port(), 0, "the system has chosen one");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().local_addr()
    }

    fn new(listener: mio::net::TcpListener) -> io::Result<Self> {
        let registration = Registration::new(listener)?;
        Ok(Self { registration })
    }
}

impl Listener for TcpListener {
    type Source = mio::net::TcpListener;
    type Connection = (TcpStream, SocketAddr);

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn accept(source: &Self::Source) -> io::Result<Self::Connection> {
        accept(source)
    }
}

impl Bound for TcpListener {
    fn bound(address: SocketAddr) -> io::Result<Self> {
        Self::new(mio::net::TcpListener::bind(address)?)
    }
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

/// The future of [`TcpListener::accept`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Accept<'a> {
    wait: Wait<'a, mio::net::TcpListener>,
}

impl Future for Accept<'_> {
    type Output = io::Result<(TcpStream, SocketAddr)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.poll_io(cx, accept)
    }
}

fn accept(listener: &mio::net::TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, from) = listener.accept()?;
    Ok((TcpStream::accepted(stream)?, from))
}
