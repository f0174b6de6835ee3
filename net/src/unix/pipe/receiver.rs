//! The end of a pipe that is read from.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use reveille_reactor::{Interest, Registration};

use crate::async_io::AsyncIo;
use crate::futures_io::implement_reading;
use crate::readiness::{Readable, Readiness};
use crate::socket::{Reading, Socket, Stream};
use crate::transfer::{Read, ReadExact};
use crate::unix::pipe::{self, Access};

/// The end of a pipe that is read from. Its own methods take `&self`; it implements [`AsyncRead`](futures_io::AsyncRead).
///
/// When the last writer is gone, reading gives 0: that is the end of a pipe. Of a FIFO it is not for good, since somebody
/// may open it again, but one cannot wait for that: until then each read gives 0 at once. Open it again, or with
/// [`read_write`](crate::unix::pipe::OpenOptions::read_write), if it is to outlive its writers.
///
/// # Examples
///
/// ```
/// use futures_lite::AsyncReadExt;
/// use reveille_net::unix::pipe::Receiver;
///
/// # fn main() -> std::io::Result<()> {
/// let mut echo = std::process::Command::new("echo");
/// let mut child = echo.arg("hello").stdout(std::process::Stdio::piped()).spawn()?;
/// let output = child.stdout.take().expect("it is piped");
/// let mut receiver = Receiver::from_owned_fd(output.into())?;
/// let mut text = String::new();
/// pollster::block_on(receiver.read_to_string(&mut text))?;
/// assert_eq!(text, "hello\n");
/// child.wait()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Receiver {
    pub(super) registration: Registration<mio::unix::pipe::Receiver>,
}

impl Receiver {
    /// Takes over the end for reading of a pipe, and puts it into non-blocking mode. This works outside a runtime too.
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
    /// use reveille_net::unix::pipe::Receiver;
    ///
    /// let file = File::open("/dev/null")?;
    /// assert_eq!(Receiver::from_file(file).unwrap_err().kind(), ErrorKind::InvalidInput);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_file(file: File) -> io::Result<Self> {
        pipe::check(&file, Access::Read)?;
        Self::from_file_unchecked(file)
    }

    /// As [`from_file`](Self::from_file), without a look at what it is.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then it is closed.
    pub fn from_file_unchecked(file: File) -> io::Result<Self> {
        pipe::set_nonblocking(&file, true)?;
        Self::new(mio::unix::pipe::Receiver::from(OwnedFd::from(file)))
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

    /// Reads what there is, at least one byte, and returns how many; 0 when nobody can write
    /// any more, or the buffer is empty.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Cancel safety
    ///
    /// Safe: bytes that were taken from the stream are returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     sender.write_all(b"hello").await?;
    ///
    ///     let mut buffer = [0; 64];
    ///     let length = receiver.read(&mut buffer).await?;
    ///     assert!((1..=5).contains(&length) && b"hello".starts_with(&buffer[..length]));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, Self> {
        Read::new(self, buffer)
    }

    /// Reads until the buffer is full, and returns its length.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read), and `UnexpectedEof` when the last writer goes before.
    ///
    /// # Cancel safety
    ///
    /// Not safe by itself: what was read is in the buffer and no more in the stream. The future counts it,
    /// [`filled`](ReadExact::filled): await `&mut future`, and go on behind that.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future::{or, yield_now};
    /// use reveille_net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     sender.write_all(b"hello").await?;
    ///
    ///     let mut buffer = [0; 64];
    ///     let mut read = receiver.read_exact(&mut buffer);
    ///     let something_else = async {
    ///         yield_now().await;
    ///         Ok(0)
    ///     };
    ///     or(&mut read, something_else).await?;
    ///     let filled = read.filled();
    ///     drop(read);
    ///     receiver.read_exact(&mut buffer[filled..5]).await?;
    ///     assert_eq!(&buffer[..5], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, Self> {
        ReadExact::new(self, buffer)
    }

    /// Waits until there is something to read, or the end of it; [`try_read`](Self::try_read) then takes it.
    ///
    /// It may be ready although there is nothing: then [`try_read`](Self::try_read) says `WouldBlock`, and one waits
    /// again.
    ///
    /// # Errors
    ///
    /// Those of registering the pipe.
    ///
    /// # Cancel safety
    ///
    /// Safe: the stream stays readable until it is read from.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use reveille_net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     sender.write_all(b"x").await?;
    ///
    ///     // The buffer is needed only once there is something to put into it.
    ///     let length = loop {
    ///         receiver.readable().await?;
    ///         match receiver.try_read(&mut [0; 8]) {
    ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
    ///             read => break read?,
    ///         }
    ///     };
    ///     assert_eq!(length, 1);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, Self> {
        Readable::new(self)
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
    /// drop(sender);
    /// let ready = receiver.ready(Interest::READABLE).await?;
    /// assert!(ready.is_read_closed(), "nobody can write any more");
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
    /// sender.write_all(b"hello").await?;
    /// let mut buffer = [0; 8];
    /// let read = || Ok(rustix::io::read(&receiver, &mut buffer)?);
    /// assert_eq!(receiver.async_io(Interest::READABLE, read).await?, 5);
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
    /// let descriptor = receiver.into_blocking_fd()?;
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
    /// use reveille_net::unix::pipe::{self, Receiver};
    ///
    /// let (sender, receiver) = pipe::pipe()?;
    /// # let _ = (&sender, &receiver);
    /// let again = Receiver::from_owned_fd(receiver.into_nonblocking_fd()?)?;
    /// # drop(again);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        Ok(self.registration.into_inner()?.into())
    }

    pub(super) fn new(end: mio::unix::pipe::Receiver) -> io::Result<Self> {
        let registration = Registration::new(end)?;
        Ok(Self { registration })
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registration.get_ref().as_fd()
    }
}

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.registration.get_ref().as_raw_fd()
    }
}

impl Socket for Receiver {
    type Source = mio::unix::pipe::Receiver;

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        source.try_io(operation)
    }
}

impl Stream for Receiver {
    // A read ends at a packet, if the writer asked for those.
    const SHORT_MEANS_NOT_READY: bool = false;
}

impl Reading for Receiver {
    fn reader(source: &Self::Source) -> impl io::Read {
        source
    }
}

implement_reading!(Receiver, |receiver| receiver);
implement_reading!(&Receiver, |receiver| *receiver);
