//! Any descriptor that the system can watch.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use reveille_reactor::{Interest, Registration};

use crate::sys::descriptor;

mod future;
mod guard;
mod unawaited;

pub use future::{AwaitReady, ReadWith, WriteWith};
pub use guard::{ReadyGuard, WouldBlock};

/// Something with a file descriptor that can be waited for: an eventfd, an inotify instance, a terminal, a socket of a
/// kind for which there is no type here.
///
/// Operations are closures over the inner value, which return what the system says. One that meets
/// [`WouldBlock`](io::ErrorKind::WouldBlock) is called again when the system reports the descriptor ready; so it must do all
/// that it does in one system call, or keep count itself.
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// use reveille_net::source::Source;
///
/// # fn main() -> std::io::Result<()> {
/// let (ours, mut peer) = UnixStream::pair()?;
/// let ours = Source::new(ours)?;
/// peer.write_all(b"hello")?;
/// let mut buffer = [0; 8];
/// let length = pollster::block_on(ours.read_with(|mut stream| stream.read(&mut buffer)))?;
/// assert_eq!(&buffer[..length], b"hello");
/// # Ok(())
/// # }
/// ```
///
/// Any number of operations may wait at the same time. It is registered when one first has to wait, and leaves the reactor
/// before the inner value is dropped. As long as it lives, the inner value must keep its descriptor.
///
/// A regular file is always ready, says the system, and cannot be waited for: [`new`](Self::new) refuses it. Other
/// descriptors that cannot be waited for (a directory, `/dev/null`) make every operation that has to wait fail with the
/// system's error, on Linux `PermissionDenied`.
///
/// # Non-blocking mode
///
/// An operation that blocks keeps its thread. [`new`](Self::new) puts the descriptor into non-blocking mode, which it shares
/// with everyone who has the same open file, in other processes too: think of that before a terminal or a pipe that was
/// inherited comes here. It stays in that mode when this is gone. [`new_nonblocking`](Self::new_nonblocking) changes nothing.
pub struct Source<T: AsFd> {
    registration: Registration<Inner<T>>,
}

/// The inner value as the reactor wants it.
struct Inner<T>(T);

impl<T: AsFd> AsRawFd for Inner<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl<T: AsFd> Source<T> {
    /// Takes `inner` over, and puts its descriptor into non-blocking mode.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a regular file; else the system's, for a descriptor that is not open say.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io;
    /// use std::os::unix::net::UnixDatagram;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> io::Result<()> {
    /// let (ours, _peer) = UnixDatagram::pair()?;
    /// let ours = Source::new(ours)?;
    /// // It does not block.
    /// assert_eq!(ours.get_ref().recv(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    ///
    /// let error = Source::new(File::open("Cargo.toml")?).unwrap_err();
    /// assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(inner: T) -> io::Result<Self> {
        refuse_files(inner.as_fd())?;
        descriptor::set_nonblocking(inner.as_fd(), true)?;
        Self::registered(inner)
    }

    /// As [`new`](Self::new), but leaves the mode of the descriptor as it is: it must be a non-blocking one, or an
    /// operation may block its thread.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn new_nonblocking(inner: T) -> io::Result<Self> {
        refuse_files(inner.as_fd())?;
        Self::registered(inner)
    }

    fn registered(inner: T) -> io::Result<Self> {
        let registration = Registration::new(Inner(inner))?;
        Ok(Self { registration })
    }

    /// The inner value.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, _peer) = UnixStream::pair()?;
    /// let ours = Source::new(ours)?;
    /// assert!(ours.get_ref().take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_ref(&self) -> &T {
        &self.registration.get_ref().0
    }

    /// Gives the inner value back, out of the reactor. It stays in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, _peer) = UnixStream::pair()?;
    /// let ours: UnixStream = Source::new(ours)?.into_inner()?;
    /// ours.set_nonblocking(false)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_inner(self) -> io::Result<T> {
        self.registration.into_inner().map(|inner| inner.0)
    }

    /// Calls `operation`, which reads, until it returns something else than `WouldBlock` or `Interrupted`; waits in between
    /// until there is something to read.
    ///
    /// See [`Source`] for an example.
    ///
    /// # Errors
    ///
    /// Those of `operation`, and of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: what `operation` returned is returned by the same poll.
    #[track_caller]
    pub fn read_with<R, F>(&self, operation: F) -> ReadWith<'_, T, F>
    where
        F: FnMut(&T) -> io::Result<R>,
    {
        ReadWith::new(&self.registration, operation)
    }

    /// As [`read_with`](Self::read_with), for an operation that writes.
    ///
    /// # Errors
    ///
    /// Those of `operation`, and of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: what `operation` returned is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::net::UnixDatagram;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, _peer) = UnixDatagram::pair()?;
    /// let ours = Source::new(ours)?;
    /// assert_eq!(pollster::block_on(ours.write_with(|socket| socket.send(b"hello")))?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn write_with<R, F>(&self, operation: F) -> WriteWith<'_, T, F>
    where
        F: FnMut(&T) -> io::Result<R>,
    {
        WriteWith::new(&self.registration, operation)
    }

    /// Waits until the system reports that there may be something to read.
    ///
    /// # Errors
    ///
    /// Those of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, mut peer) = UnixStream::pair()?;
    /// let ours = Source::new(ours)?;
    /// peer.write_all(b"x")?;
    /// let mut byte = [0];
    /// pollster::block_on(async {
    ///     loop {
    ///         let ready = ours.readable().await?;
    ///         match ready.try_io(|mut stream| stream.read(&mut byte)) {
    ///             Ok(read) => return read,
    ///             // The report was out of date: wait for the next one.
    ///             Err(_would_block) => {}
    ///         }
    ///     }
    /// })?;
    /// assert_eq!(&byte, b"x");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn readable(&self) -> AwaitReady<'_, T> {
        self.ready(Interest::READABLE)
    }

    /// Waits until the system reports that there may be room to write.
    ///
    /// # Errors
    ///
    /// Those of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::net::UnixDatagram;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, _peer) = UnixDatagram::pair()?;
    /// let ours = Source::new(ours)?;
    /// pollster::block_on(async {
    ///     loop {
    ///         let ready = ours.writable().await?;
    ///         match ready.try_io(|socket| socket.send(b"hello")) {
    ///             Ok(sent) => return sent,
    ///             Err(_would_block) => {}
    ///         }
    ///     }
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn writable(&self) -> AwaitReady<'_, T> {
        self.ready(Interest::WRITABLE)
    }

    /// Waits until the system reports something of what `interest` names.
    ///
    /// # Errors
    ///
    /// Those of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: the readiness stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    ///
    /// use reveille_net::source::Source;
    /// use reveille_reactor::Interest;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, _peer) = UnixStream::pair()?;
    /// let ours = Source::new(ours)?;
    /// let either = Interest::READABLE | Interest::WRITABLE;
    /// let guard = pollster::block_on(ours.ready(either))?;
    /// assert!(guard.ready().is_writable() && !guard.ready().is_readable());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> AwaitReady<'_, T> {
        AwaitReady::new(&self.registration, interest)
    }
}

/// Says early, and in words, what the system says when it is too late to be understood.
fn refuse_files(inner: BorrowedFd<'_>) -> io::Result<()> {
    if descriptor::is_regular_file(inner)? {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a regular file cannot be waited for; use it where blocking is allowed, in `spawn_blocking` say",
        ));
    }
    Ok(())
}

impl<T: AsFd> AsFd for Source<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd> AsRawFd for Source<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(self.get_ref()).finish()
    }
}
