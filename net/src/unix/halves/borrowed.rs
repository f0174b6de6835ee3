//! Halves that borrow the stream.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;

use reveille_reactor::Interest;

use crate::readiness::{Readable, Readiness, Writable};
use crate::transfer::{Peek, Read, ReadExact, Write, WriteAll};
use crate::unix::stream::UnixStream;

pub(crate) fn split(stream: &mut UnixStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    let stream = &*stream;
    (ReadHalf(stream), WriteHalf(stream))
}

/// The half of a borrowed [`UnixStream`](crate::UnixStream) that reads; made by [`UnixStream::split`].
///
/// Its methods are those of the stream, and it implements [`AsyncRead`](futures_io::AsyncRead). Dropping it does
/// nothing.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let (here, there) = reveille_net::UnixStream::pair()?;
/// # let mut here = here;
///
/// use std::io::ErrorKind;
///
/// use reveille_reactor::Interest;
///
/// let (reader, _writer) = here.split();
/// there.write_all(b"hello").await?;
/// assert!(reader.ready(Interest::READABLE).await?.is_readable());
/// let mut buffer = [0; 5];
/// assert_eq!(reader.peek(&mut buffer[..1]).await?, 1);
/// reader.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"hello");
/// assert_eq!(reader.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a UnixStream);

impl ReadHalf<'_> {
    /// As [`UnixStream::read`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, UnixStream> {
        self.0.read(buffer)
    }

    /// As [`UnixStream::read_exact`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, UnixStream> {
        self.0.read_exact(buffer)
    }

    /// As [`UnixStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, UnixStream> {
        self.0.peek(buffer)
    }

    /// As [`UnixStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, UnixStream> {
        self.0.readable()
    }

    /// As [`UnixStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, UnixStream> {
        self.0.ready(interest)
    }

    /// As [`UnixStream::try_read`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }

    /// As [`UnixStream::try_read_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.try_read_vectored(buffers)
    }

    /// As [`UnixStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// As [`UnixStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        self.0
    }
}

impl AsRef<UnixStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &UnixStream {
        self.0
    }
}

/// The half of a borrowed [`UnixStream`](crate::UnixStream) that writes; made by [`UnixStream::split`].
///
/// Its methods are those of the stream, and it implements [`AsyncWrite`](futures_io::AsyncWrite). Dropping it does
/// nothing; the peer sees the end after [`shutdown`](Self::shutdown).
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let (here, there) = reveille_net::UnixStream::pair()?;
/// # let mut here = here;
///
/// let (_reader, writer) = here.split();
/// writer.write_all(b"hello").await?;
/// writer.writable().await?;
/// assert_eq!(writer.try_write(b", world")?, 7);
/// // Unlike an owned half's, its drop tells the peer nothing.
/// writer.shutdown()?;
/// let mut buffer = [0; 12];
/// there.read_exact(&mut buffer).await?;
/// assert_eq!(there.read(&mut buffer).await?, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a UnixStream);

impl WriteHalf<'_> {
    /// As [`UnixStream::write`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, UnixStream> {
        self.0.write(bytes)
    }

    /// As [`UnixStream::write_all`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, UnixStream> {
        self.0.write_all(bytes)
    }

    /// As [`UnixStream::writable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn writable(&self) -> Writable<'_, UnixStream> {
        self.0.writable()
    }

    /// As [`UnixStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, UnixStream> {
        self.0.ready(interest)
    }

    /// As [`UnixStream::try_write`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    /// As [`UnixStream::try_write_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    /// As [`UnixStream::shutdown`] with `Shutdown::Write`: the peer reads what was written, and then the end of it.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn shutdown(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    /// As [`UnixStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// As [`UnixStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        self.0
    }
}

impl AsRef<UnixStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &UnixStream {
        self.0
    }
}
