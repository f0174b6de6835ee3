//! The end of a pipe that is written to.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use reveille_reactor::{Interest, Registration};

use crate::async_io::AsyncIo;
use crate::futures_io::implement_writing;
use crate::readiness::{Readiness, Writable};
use crate::socket::{Socket, Stream, Writing};
use crate::transfer::{Write, WriteAll};
use crate::unix::pipe::{self, Access};

/// The end of a pipe that is written to. Its own methods take `&self`; it implements
/// [`AsyncWrite`](futures_io::AsyncWrite), whose `close` does nothing: the reader sees the end when this is dropped.
///
/// # Examples
///
/// ```
/// use std::process::{Command, Stdio};
///
/// use reveille_net::unix::pipe::Sender;
///
/// # fn main() -> std::io::Result<()> {
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let input = child.stdin.take().expect("it is piped");
/// let sender = Sender::from_owned_fd(input.into())?;
/// pollster::block_on(sender.write_all(b"hello"))?;
/// drop(sender);
/// assert_eq!(child.wait_with_output()?.stdout, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sender {
    pub(super) registration: Registration<mio::unix::pipe::Sender>,
}

impl Sender {
    /// Takes over the end for writing of a pipe, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is no pipe, or not open for this; that of the system, when the mode cannot be changed. Then it
    /// is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::ErrorKind;
    ///
    /// use reveille_net::unix::pipe::Sender;
    ///
    /// let file = File::open("/dev/null")?;
    /// assert_eq!(Sender::from_file(file).unwrap_err().kind(), ErrorKind::InvalidInput);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_file(file: File) -> io::Result<Self> {
        pipe::check(&file, Access::Write)?;
        Self::from_file_unchecked(file)
    }

    /// As [`from_file`](Self::from_file), without a look at what it is.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then it is closed.
    pub fn from_file_unchecked(file: File) -> io::Result<Self> {
        pipe::set_nonblocking(&file, true)?;
        Self::new(mio::unix::pipe::Sender::from(OwnedFd::from(file)))
    }

    /// As [`from_file`](Self::from_file), for a descriptor: a child's output, say.
    ///
    /// # Errors
    ///
    /// As for [`from_file`](Self::from_file).
    pub fn from_owned_fd(descriptor: OwnedFd) -> io::Result<Self> {
        Self::from_file(descriptor.into())
    }

    /// As [`from_owned_fd`](Self::from_owned_fd), without a look at what it is.
    ///
    /// # Errors
    ///
    /// As for [`from_file_unchecked`](Self::from_file_unchecked).
    pub fn from_owned_fd_unchecked(descriptor: OwnedFd) -> io::Result<Self> {
        Self::from_file_unchecked(descriptor.into())
    }

    /// Writes as much as there is room for, at least one byte unless there is none to write, and returns how many.
    ///
    /// # Errors
    ///
    /// The system's: `BrokenPipe` when nobody can read any more.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was written is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     let written = sender.write(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     receiver.read_exact(&mut buffer[..written]).await?;
    ///     assert_eq!(buffer[..written], b"hello"[..written]);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, Self> {
        Write::new(self, bytes)
    }

    /// Writes everything.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// Not safe by itself: a part may be written already. The future counts it, [`written`](WriteAll::written): await
    /// `&mut future`, and go on behind that.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (sender, receiver) = pipe::pipe()?;
    ///
    ///     sender.write_all(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     receiver.read_exact(&mut buffer).await?;
    ///     assert_eq!(&buffer, b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, Self> {
        WriteAll::new(self, bytes)
    }

    /// Waits until there is room to write; [`try_write`](Self::try_write) then uses it. There
    /// may be none after all: then that says `WouldBlock`, and one waits again.
    ///
    /// # Errors
    ///
    /// Those of registering the pipe.
    ///
    /// # Cancel safety
    ///
    /// Safe: the stream stays writable until it is written to.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write(b"hello")?, 5);
    /// # drop(receiver);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn writable(&self) -> Writable<'_, Self> {
        Writable::new(self)
    }

    /// Waits until something of `interest` is the case, and says what.
    ///
    /// # Errors
    ///
    /// Those of registering the pipe.
    ///
    /// # Cancel safety
    ///
    /// Safe: it stays ready until an operation meets `WouldBlock`.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// use reveille_reactor::Interest;
    ///
    /// assert!(sender.ready(Interest::WRITABLE).await?.is_writable());
    /// # drop(receiver);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, Self> {
        Readiness::new(self, interest)
    }

    /// Calls `operation`, which does something with this pipe that has no method here, until it returns something else
    /// than `WouldBlock`; waits in between.
    ///
    /// It must return `WouldBlock` if and only if the pipe did, and must not be async or block itself.
    ///
    /// # Errors
    ///
    /// The operation's, and those of registering the pipe.
    ///
    /// # Cancel safety
    ///
    /// Safe: what the operation did is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// use reveille_reactor::Interest;
    ///
    /// let write = || Ok(rustix::io::write(&sender, b"hello")?);
    /// assert_eq!(sender.async_io(Interest::WRITABLE, write).await?, 5);
    /// # drop(receiver);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn async_io<T, F: FnMut() -> io::Result<T>>(
        &self,
        interest: Interest,
        operation: F,
    ) -> AsyncIo<'_, Self, F> {
        AsyncIo::new(self, interest, operation)
    }

    /// The descriptor, in blocking mode, as a child process wants it.
    ///
    /// # Errors
    ///
    /// The system's, when the mode cannot be changed; then the pipe is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::unix::pipe;
    ///
    /// let (sender, receiver) = pipe::pipe()?;
    /// # let _ = (&sender, &receiver);
    /// let descriptor = sender.into_blocking_fd()?;
    /// # drop(descriptor);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let file = File::from(self.into_nonblocking_fd()?);
        pipe::set_nonblocking(&file, false)?;
        Ok(file.into())
    }

    /// The descriptor, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::unix::pipe::{self, Sender};
    ///
    /// let (sender, receiver) = pipe::pipe()?;
    /// # let _ = (&sender, &receiver);
    /// let again = Sender::from_owned_fd(sender.into_nonblocking_fd()?)?;
    /// # drop(again);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        Ok(self.registration.into_inner()?.into())
    }

    pub(super) fn new(end: mio::unix::pipe::Sender) -> io::Result<Self> {
        let registration = Registration::new(end)?;
        Ok(Self { registration })
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registration.get_ref().as_fd()
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.registration.get_ref().as_raw_fd()
    }
}

impl Socket for Sender {
    type Source = mio::unix::pipe::Sender;

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        source.try_io(operation)
    }
}

impl Stream for Sender {
    // A write of several pages ends where the pages do.
    const SHORT_MEANS_NOT_READY: bool = false;
}

impl Writing for Sender {
    fn writer(source: &Self::Source) -> impl io::Write {
        source
    }
}

implement_writing!(Sender, |sender| sender, stays_open);
implement_writing!(&Sender, |sender| *sender, stays_open);

/// There is no closing a pipe but by dropping it.
fn stays_open(_: &Sender) -> io::Result<()> {
    Ok(())
}
