//! A Unix socket for messages: how it is made.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use reveille_reactor::Registration;
use socket2::SockRef;

use crate::datagram::Received;
use crate::socket::{Datagram, Peeking, Socket};
use crate::sys::message;
use crate::unix::address;

/// A Unix socket for messages, which stay apart, arrive in order and are not lost: whoever sends waits for room.
///
/// Its methods take `&self`, so that one task may receive while another one sends. A message that does not fit into
/// the buffer is cut off; [`recv_msg`](Self::recv_msg) tells. The path that it is bound to stays when it is dropped.
///
/// # Examples
///
/// ```
/// use reveille_net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("reveille-unix-datagram-{}", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// pollster::block_on(async {
///     let server = UnixDatagram::bind(&path)?;
///     let client = UnixDatagram::unbound()?;
///     client.send_to(b"hello", &path).await?;
///     let (length, from) = server.recv_from(&mut [0; 16]).await?;
///     assert!(length == 5 && from.is_unnamed());
/// #   std::fs::remove_file(&path)
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixDatagram {
    pub(crate) registration: Registration<mio::net::UnixDatagram>,
}

impl UnixDatagram {
    /// A socket at `path`, which is made by that. On Linux and Android a path that begins with a zero byte is an
    /// abstract name.
    ///
    /// # Errors
    ///
    /// The system's: `AddrInUse` if the path is there already, whoever made it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// let taken = reveille_net::UnixDatagram::bind(std::env::temp_dir()).unwrap_err();
    /// assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&address::from_path(path.as_ref())?)
    }

    /// As [`bind`](Self::bind), at an address.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::linux::net::SocketAddrExt;
    ///
    /// use reveille_net::UnixDatagram;
    /// use reveille_net::unix::SocketAddr;
    ///
    /// let name = format!("reveille datagram bind_addr {}", std::process::id());
    /// let _socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::new(mio::net::UnixDatagram::bind_addr(address)?)
    }

    /// A socket without an address: it can send, and receive from the peer that it is connected to.
    ///
    /// # Errors
    ///
    /// The system's: too many open files.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(reveille_net::UnixDatagram::unbound()?.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn unbound() -> io::Result<Self> {
        Self::new(mio::net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected with each other and have no address.
    ///
    /// # Errors
    ///
    /// The system's: too many open files.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixDatagram::pair()?;
    ///     here.send(b"one").await?;
    ///     here.send(b"three").await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(there.recv(&mut buffer).await?, 3, "messages stay apart");
    ///     assert_eq!(there.recv(&mut buffer).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn pair() -> io::Result<(Self, Self)> {
        let (here, there) = mio::net::UnixDatagram::pair()?;
        Ok((Self::new(here)?, Self::new(there)?))
    }

    /// Takes over a socket of std, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (here, _there) = std::os::unix::net::UnixDatagram::pair()?;
    /// let here = reveille_net::UnixDatagram::from_std(here)?;
    /// assert!(here.try_recv(&mut [0; 8]).is_err(), "it does not block");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std(socket: net::UnixDatagram) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::new(mio::net::UnixDatagram::from_std(socket))
    }

    /// The socket as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = reveille_net::UnixDatagram::unbound()?.into_std()?;
    /// socket.set_nonblocking(false)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_std(self) -> io::Result<net::UnixDatagram> {
        let socket = self.registration.into_inner()?;
        Ok(OwnedFd::from(socket).into())
    }

    /// Makes the socket at `path` the peer: what [`send`](Self::send) sends goes there, and only what comes from there
    /// is received. The system does that at once.
    ///
    /// # Errors
    ///
    /// The system's: `NotFound` if there is no such path.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-datagram-connect-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// pollster::block_on(async {
    ///     let server = UnixDatagram::bind(&path)?;
    ///     let client = UnixDatagram::unbound()?;
    ///     client.connect(&path)?;
    ///     client.send(b"hello").await?;
    ///     assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    /// #   std::fs::remove_file(&path)
    /// })
    /// # }
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.connect_addr(&address::from_path(path.as_ref())?)
    }

    /// As [`connect`](Self::connect), to an address.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::linux::net::SocketAddrExt;
    ///
    /// use reveille_net::UnixDatagram;
    /// use reveille_net::unix::SocketAddr;
    ///
    /// let name = format!("reveille datagram connect_addr {}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?;
    /// let _server = UnixDatagram::bind_addr(&address)?;
    /// UnixDatagram::unbound()?.connect_addr(&address)?;
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        SockRef::from(self.registration.get_ref()).connect(&address::to_socket2(address)?)
    }

    /// Closes one direction, or both. The system does that at once.
    ///
    /// # Errors
    ///
    /// The system's: `NotConnected` if there is no peer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Shutdown;
    ///
    /// use reveille_net::UnixDatagram;
    ///
    /// let (here, there) = UnixDatagram::pair()?;
    /// here.shutdown(Shutdown::Both)?;
    /// assert!(there.try_send(b"x").is_err());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.registration.get_ref().shutdown(how)
    }

    /// The address on this side.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().local_addr()
    }

    /// The address of the peer that it is connected to.
    ///
    /// # Errors
    ///
    /// The system's: `NotConnected` if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().peer_addr()
    }

    /// The error that waits on the socket (`SO_ERROR`), which is cleared by that.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot be asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.registration.get_ref().take_error()
    }

    fn new(socket: mio::net::UnixDatagram) -> io::Result<Self> {
        let registration = Registration::new(socket)?;
        Ok(Self { registration })
    }
}

impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    fn try_from(socket: net::UnixDatagram) -> io::Result<Self> {
        Self::from_std(socket)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registration.get_ref().as_fd()
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.registration.get_ref().as_raw_fd()
    }
}

impl Socket for UnixDatagram {
    type Source = mio::net::UnixDatagram;

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        source.try_io(operation)
    }
}

impl Peeking for UnixDatagram {
    fn peek(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(message::receive(source.as_fd(), buffer, libc::MSG_PEEK)?.length)
    }
}

impl Datagram for UnixDatagram {
    type Address = SocketAddr;

    fn recv(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize> {
        source.recv(buffer)
    }

    fn recv_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        source.recv_from(buffer)
    }

    fn recv_msg(source: &Self::Source, buffer: &mut [u8]) -> io::Result<Received<SocketAddr>> {
        // Without room for descriptors: the system closes those that come.
        let message = message::receive(source.as_fd(), buffer, 0)?;
        Ok(Received {
            length: message.length,
            from: address::from_name(&message.from)?,
            truncated: message.truncated,
        })
    }

    fn peek_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let message = message::receive(source.as_fd(), buffer, libc::MSG_PEEK)?;
        Ok((message.length, address::from_name(&message.from)?))
    }

    fn send(source: &Self::Source, message: &[u8]) -> io::Result<usize> {
        source.send(message)
    }
}
