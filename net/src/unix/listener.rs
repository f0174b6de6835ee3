//! Taking connections of Unix sockets.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration, Wait};

use crate::accept_policy::AcceptPolicy;
use crate::incoming::{Incoming, Listener};
use crate::unix::address;
use crate::unix::stream::UnixStream;

/// Takes connections to a Unix socket.
///
/// The path that it is bound to stays when it is dropped: whoever made it removes it, before the next one is bound
/// there.
///
/// # Examples
///
/// ```
/// use reveille_net::{UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("reveille-unix-listener-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("socket");
/// # let _ = std::fs::remove_file(&path);
/// pollster::block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let _client = UnixStream::connect(&path).await?;
///     let (_server, from) = listener.accept().await?;
///     assert!(from.is_unnamed());
/// #   std::fs::remove_dir_all(&folder)
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixListener {
    pub(crate) registration: Registration<mio::net::UnixListener>,
}

impl UnixListener {
    /// A listener at `path`, which is made by that. On Linux and Android a path that begins with a zero byte is an
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
    /// let there = std::env::temp_dir();
    /// let taken = reveille_net::UnixListener::bind(there).unwrap_err();
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
    /// use reveille_net::UnixListener;
    /// use reveille_net::unix::SocketAddr;
    ///
    /// let name = format!("reveille bind_addr {}", std::process::id());
    /// let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::new(mio::net::UnixListener::bind_addr(address)?)
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
    /// # let path = std::env::temp_dir().join(format!("reveille-unix-from-std-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// let listener = std::os::unix::net::UnixListener::bind(&path)?;
    /// let _listener = reveille_net::UnixListener::from_std(listener)?;
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std(listener: net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::new(mio::net::UnixListener::from_std(listener))
    }

    /// The listener as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("reveille-unix-into-std-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// let listener = reveille_net::UnixListener::bind(&path)?.into_std()?;
    /// listener.set_nonblocking(false)?;
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_std(self) -> io::Result<net::UnixListener> {
        let socket = self.registration.into_inner()?;
        Ok(OwnedFd::from(socket).into())
    }

    /// The next connection, and the address of the peer, which has none unless it was bound before it connected.
    ///
    /// # Errors
    ///
    /// The system's, as they are: too many open files, say. The listener stays usable; such an error comes again at
    /// once until there is room, so a loop should wait a little then.
    ///
    /// # Cancel safety
    ///
    /// Safe: a connection that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{UnixListener, UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-unix-accept-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// pollster::block_on(async {
    ///     let listener = UnixListener::bind(&path)?;
    ///     let client = UnixStream::connect(&path).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     server.write_all(b"welcome").await?;
    ///     assert_eq!(client.read(&mut [0; 16]).await?, 7);
    /// #   std::fs::remove_file(&path)
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
    /// # let path = std::env::temp_dir().join(format!("reveille-unix-poll-accept-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// use std::future::poll_fn;
    ///
    /// use reveille_net::{UnixListener, UnixStream};
    ///
    /// let listener = UnixListener::bind(&path)?;
    /// let _client = UnixStream::connect(&path).await?;
    /// let (_server, from) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    /// assert!(from.is_unnamed());
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.registration
            .poll_io(Direction::Read, Location::caller(), cx, accept)
    }

    /// The connections that come in, one after the other, as [`TcpListener::incoming`](crate::TcpListener::incoming) has
    /// them: for a server's loop.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("reveille-unix-incoming-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// use reveille_net::{AcceptPolicy, UnixListener, UnixStream};
    ///
    /// let listener = UnixListener::bind(&path)?;
    /// let client = UnixStream::connect(&path).await?;
    /// let mut incoming = listener.incoming(AcceptPolicy::default());
    /// let (server, _) = incoming.accept().await?;
    /// server.write_all(b"welcome").await?;
    /// assert_eq!(client.read(&mut [0; 16]).await?, 7);
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn incoming(&self, policy: AcceptPolicy) -> Incoming<'_, Self> {
        Incoming::new(self, policy)
    }

    /// The address that it listens at.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("reveille-unix-local-addr-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// let listener = reveille_net::UnixListener::bind(&path)?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_path()));
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().local_addr()
    }

    /// The error that waits on the socket (`SO_ERROR`), which is cleared by that.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot be asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.registration.get_ref().take_error()
    }

    fn new(listener: mio::net::UnixListener) -> io::Result<Self> {
        let registration = Registration::new(listener)?;
        Ok(Self { registration })
    }
}

impl Listener for UnixListener {
    type Source = mio::net::UnixListener;
    type Connection = (UnixStream, SocketAddr);

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn accept(source: &Self::Source) -> io::Result<Self::Connection> {
        accept(source)
    }
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    fn try_from(listener: net::UnixListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registration.get_ref().as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.registration.get_ref().as_raw_fd()
    }
}

/// The future of [`UnixListener::accept`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Accept<'a> {
    wait: Wait<'a, mio::net::UnixListener>,
}

impl Future for Accept<'_> {
    type Output = io::Result<(UnixStream, SocketAddr)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.poll_io(cx, accept)
    }
}

fn accept(listener: &mio::net::UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, from) = listener.accept()?;
    Ok((UnixStream::new(stream)?, from))
}
