//! A connection between Unix sockets: how it is made and taken apart.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use reveille_reactor::Registration;

use crate::socket::{Peeking, Reading, Socket, Stream, Writing};
use crate::sys::message;
use crate::unix::address;
use crate::unix::connect::Connect;
use crate::unix::credentials::UCred;
use crate::unix::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};

/// A connection between two processes of one machine, or inside of one.
///
/// Its own methods take `&self`, so that one task may read while another one writes. It implements the `futures-io`
/// traits, and so does `&UnixStream`.
///
/// Dropping it closes the connection; what was written is still delivered.
///
/// # Examples
///
/// ```
/// use reveille_net::{UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("reveille-unix-stream-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("socket");
/// # let _ = std::fs::remove_file(&path);
/// pollster::block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let client = UnixStream::connect(&path).await?;
///     let (server, _) = listener.accept().await?;
///
///     client.write_all(b"hello").await?;
///     let mut buffer = [0; 5];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"hello");
/// #   std::fs::remove_dir_all(&folder)
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixStream {
    pub(crate) registration: Registration<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to the socket that listens at `path`. On Linux and Android a path that begins with a zero byte is an
    /// abstract name.
    ///
    /// # Errors
    ///
    /// The system's: `NotFound` if there is no such path, `ConnectionRefused` if nobody listens there. On Linux
    /// `WouldBlock` if the listener has more connections waiting than it wants to: one cannot wait for that to end.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future closes the socket that has begun to connect. The peer may have seen it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use reveille_net::UnixStream;
    ///
    /// let nobody = pollster::block_on(UnixStream::connect("/nobody/listens/here"));
    /// assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NotFound);
    /// ```
    #[track_caller]
    pub fn connect<P: AsRef<Path>>(path: P) -> Connect {
        Connect::new(address::from_path(path.as_ref()))
    }

    /// As [`connect`](Self::connect), to an address.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// As for [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::linux::net::SocketAddrExt;
    ///
    /// use reveille_net::unix::SocketAddr;
    /// use reveille_net::{UnixListener, UnixStream};
    ///
    /// let name = format!("reveille connect_addr {}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?;
    /// let _listener = UnixListener::bind_addr(&address)?;
    /// let client = pollster::block_on(UnixStream::connect_addr(&address))?;
    /// assert_eq!(client.peer_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn connect_addr(address: &SocketAddr) -> Connect {
        Connect::new(Ok(address.clone()))
    }

    /// Two streams that are connected with each other and have no address.
    ///
    /// # Errors
    ///
    /// The system's: too many open files.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixStream::pair()?;
    ///     here.write_all(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     there.read_exact(&mut buffer).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn pair() -> io::Result<(Self, Self)> {
        let (here, there) = mio::net::UnixStream::pair()?;
        Ok((Self::new(here)?, Self::new(there)?))
    }

    /// Takes over a stream of std, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// let (here, _there) = std::os::unix::net::UnixStream::pair()?;
    /// let here = UnixStream::from_std(here)?;
    /// pollster::block_on(here.write_all(b"hello"))?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std(stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::new(mio::net::UnixStream::from_std(stream))
    }

    /// The stream as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// let (here, _there) = UnixStream::pair()?;
    /// here.into_std()?.set_nonblocking(false)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        let socket = self.registration.into_inner()?;
        Ok(OwnedFd::from(socket).into())
    }

    /// Closes one direction, or both. The system does that at once.
    ///
    /// After `Shutdown::Write` the peer reads everything that was written and then the end of it, and its answer can
    /// still be read.
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
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixStream::pair()?;
    ///     here.shutdown(Shutdown::Write)?;
    ///     assert_eq!(there.read(&mut [0; 8]).await?, 0);
    ///     there.write_all(b"answer").await?;
    ///     assert_eq!(here.read(&mut [0; 8]).await?, 6);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.registration.get_ref().shutdown(how)
    }

    /// A half that reads and a half that writes, which both borrow the stream: for use in one task. They cost
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future::try_zip;
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (mut here, there) = UnixStream::pair()?;
    ///     there.write_all(b"in").await?;
    ///     let (reader, writer) = here.split();
    ///     let mut buffer = [0; 2];
    ///     try_zip(reader.read_exact(&mut buffer), writer.write_all(b"out")).await?;
    ///     assert_eq!(&buffer, b"in");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        halves::split(self)
    }

    /// A half that reads and a half that writes, each of which can go to a task of its own.
    ///
    /// When the half that writes is dropped, the peer sees the end of what it reads. The connection is closed when
    /// both are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixStream::pair()?;
    ///     let (_reader, writer) = here.into_split();
    ///     drop(writer);
    ///     assert_eq!(there.read(&mut [0; 8]).await?, 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        halves::into_split(self)
    }

    /// The address on this side; one that connected has none.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (here, _there) = reveille_net::UnixStream::pair()?;
    /// assert!(here.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().local_addr()
    }

    /// The address of the peer; one that connected has none.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (here, _there) = reveille_net::UnixStream::pair()?;
    /// assert!(here.peer_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().peer_addr()
    }

    /// Who is at the other end, as the system noted it when the two were connected: what a server decides by what the
    /// peer may do.
    ///
    /// # Errors
    ///
    /// The system's; `Unsupported` where it does not tell.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// let (here, there) = UnixStream::pair()?;
    /// assert_eq!(here.peer_cred()?, there.peer_cred()?, "both ends are ours");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        UCred::of_peer(self.as_fd())
    }

    /// The error that waits on the socket (`SO_ERROR`), which is cleared by that.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot be asked.
    ///
    /// # Examples
    ///
    /// ```
    /// let (here, _there) = reveille_net::UnixStream::pair()?;
    /// assert!(here.take_error()?.is_none());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.registration.get_ref().take_error()
    }

    /// One that is connected already.
    pub(crate) fn new(stream: mio::net::UnixStream) -> io::Result<Self> {
        Ok(Self::registered(Registration::new(stream)?))
    }

    pub(crate) fn registered(registration: Registration<mio::net::UnixStream>) -> Self {
        Self { registration }
    }
}

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    fn try_from(stream: net::UnixStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registration.get_ref().as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.registration.get_ref().as_raw_fd()
    }
}

impl Socket for UnixStream {
    type Source = mio::net::UnixStream;

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        source.try_io(operation)
    }
}

impl Peeking for UnixStream {
    fn peek(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(message::receive(source.as_fd(), buffer, libc::MSG_PEEK)?.length)
    }
}

impl Stream for UnixStream {
    // A read ends at a message with ancillary data, whatever comes behind it.
    const SHORT_MEANS_NOT_READY: bool = false;
}

impl Reading for UnixStream {
    fn reader(source: &Self::Source) -> impl io::Read {
        source
    }
}

impl Writing for UnixStream {
    fn writer(source: &Self::Source) -> impl io::Write {
        source
    }
}
