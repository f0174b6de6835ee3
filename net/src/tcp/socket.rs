//! A socket that is neither connected nor listening yet.

use std::fmt;
use std::io;
use std::mem;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::tcp::attempt::Attempt;
use crate::tcp::listener::TcpListener;
use crate::tcp::stream::TcpStream;

/// A TCP socket to be configured, before it becomes a [`TcpStream`] or a [`TcpListener`]: for what has to be set
/// before it connects or listens. Other options can be set on these as well, and
/// [`SockRef::from(&socket)`](https://docs.rs/socket2) reaches those that have no method here.
///
/// [`TcpStream::connect`] and [`TcpListener::bind`] are for everything else; the former does more than
/// [`connect`](Self::connect), namely look a name up and try several addresses.
///
/// # Examples
///
/// What [`TcpListener::bind`] does, with a shorter queue:
///
/// ```
/// use reveille_net::{TcpSocket, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let socket = TcpSocket::new_v4()?;
///     socket.set_reuseaddr(cfg!(unix))?;
///     socket.bind("127.0.0.1:0".parse().unwrap())?;
///     let listener = socket.listen(16)?;
///
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (_server, from) = listener.accept().await?;
///     assert_eq!(from, client.local_addr()?);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    pub(crate) socket: socket2::Socket,
}

impl TcpSocket {
    /// A socket for IPv4. It is not inherited by child processes.
    ///
    /// # Errors
    ///
    /// The system's: too many open files, say.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = reveille_net::TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new_v4() -> io::Result<Self> {
        Self::new(socket2::Domain::IPV4)
    }

    /// A socket for IPv6. It is not inherited by child processes.
    ///
    /// # Errors
    ///
    /// The system's: too many open files, say, or that it has no IPv6.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(socket2::Domain::IPV6)
    }

    /// Takes over a socket that another crate has configured as far as it can, in the shape of a stream that is not
    /// connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::TcpSocket;
    /// use socket2::{Domain, Socket, Type};
    ///
    /// let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    /// let socket = TcpSocket::from_std_stream(socket.into());
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std_stream(stream: net::TcpStream) -> Self {
        Self {
            socket: stream.into(),
        }
    }

    /// Gives the socket an address of its own; port 0 lets the system choose one. A client may do without.
    ///
    /// # Errors
    ///
    /// The system's: `AddrInUse`, `AddrNotAvailable`.
    ///
    /// # Examples
    ///
    /// A client that comes from a certain address:
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpSocket};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let socket = TcpSocket::new_v4()?;
    ///     socket.bind("127.0.0.1:0".parse().unwrap())?;
    ///     let bound = socket.local_addr()?;
    ///     let _client = socket.connect(listener.local_addr()?).await?;
    ///     assert_eq!(listener.accept().await?.1, bound);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.bind(&address.into())
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// The system's: `ConnectionRefused`, `TimedOut`, `HostUnreachable` and others.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future closes the socket. The peer may have seen it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpSocket};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let socket = TcpSocket::new_v4()?;
    ///     socket.set_recv_buffer_size(256 << 10)?;
    ///     let client = socket.connect(listener.local_addr()?).await?;
    ///     assert_eq!(client.peer_addr()?, listener.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn connect(self, address: SocketAddr) -> ConnectSocket {
        ConnectSocket {
            state: State::Ready(self.socket, address),
            location: Location::caller(),
        }
    }

    /// Takes connections from now on. Up to `backlog` of them wait to be accepted; the system may have a lower limit
    /// (on Linux `net.core.somaxconn`), and what it does with clients beyond that differs: mostly it lets them wait.
    ///
    /// # Errors
    ///
    /// The system's: `AddrInUse`, if another listener has the address.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::TcpSocket;
    ///
    /// let socket = TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// let listener = socket.listen(1024)?;
    /// assert!(listener.local_addr()?.ip().is_loopback());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::from_std(self.socket.into())
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.socket.local_addr()?;
        let not_internet =
            || io::Error::new(io::ErrorKind::InvalidInput, "this is no socket of the internet");
        address.as_socket().ok_or_else(not_internet)
    }

    fn new(domain: socket2::Domain) -> io::Result<Self> {
        let protocol = Some(socket2::Protocol::TCP);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, protocol)?;
        Ok(Self { socket })
    }
}

/// The future of [`TcpSocket::connect`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct ConnectSocket {
    state: State,
    location: &'static Location<'static>,
}

enum State {
    Ready(socket2::Socket, SocketAddr),
    Connecting(Attempt),
    Finished,
}

impl Future for ConnectSocket {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let attempt = match mem::replace(&mut self.state, State::Finished) {
            State::Ready(socket, address) => Attempt::begin_with(socket, address)?,
            State::Connecting(attempt) => attempt,
            State::Finished => panic!("`ConnectSocket` was polled after it was ready; await it only once"),
        };
        match attempt.poll(cx, self.location) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map(|()| attempt.into_stream())),
            Poll::Pending => {
                self.state = State::Connecting(attempt);
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for ConnectSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ConnectSocket");
        match &self.state {
            State::Ready(_, address) => debug.field("address", address),
            State::Connecting(attempt) => debug.field("address", &attempt.address()),
            State::Finished => &mut debug,
        };
        debug.finish_non_exhaustive()
    }
}
