//! Halves that borrow the stream.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};

use reveille_reactor::Interest;

use crate::readiness::{Readable, Readiness, Writable};
use crate::tcp::stream::TcpStream;
use crate::transfer::{Peek, Read, ReadExact, Write, WriteAll};

pub(crate) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    let stream = &*stream;
    (ReadHalf(stream), WriteHalf(stream))
}

/// The half of a borrowed [`TcpStream`](crate::TcpStream) that reads; made by [`TcpStream::split`].
///
/// Its methods are those of the stream, and it implements [`AsyncRead`](futures_io::AsyncRead). Dropping it does
/// nothing.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
/// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// # let mut client = client;
/// use std::io::ErrorKind;
///
/// use reveille_reactor::Interest;
///
/// let (reader, _writer) = client.split();
/// server.write_all(b"hello").await?;
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
pub struct ReadHalf<'a>(&'a TcpStream);

impl ReadHalf<'_> {
    /// As [`TcpStream::read`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, TcpStream> {
        self.0.read(buffer)
    }

    /// As [`TcpStream::read_exact`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, TcpStream> {
        self.0.read_exact(buffer)
    }

    /// As [`TcpStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, TcpStream> {
        self.0.peek(buffer)
    }

    /// As [`TcpStream::poll_peek`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_peek(cx, buffer)
    }

    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, TcpStream> {
        self.0.readable()
    }

    /// As [`TcpStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, TcpStream> {
        self.0.ready(interest)
    }

    /// As [`TcpStream::try_read`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }

    /// As [`TcpStream::try_read_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.try_read_vectored(buffers)
    }

    /// As [`TcpStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// As [`TcpStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.0
    }
}

impl AsRef<TcpStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.0
    }
}

/// The half of a borrowed [`TcpStream`](crate::TcpStream) that writes; made by [`TcpStream::split`].
///
/// Its methods are those of the stream, and it implements [`AsyncWrite`](futures_io::AsyncWrite). Dropping it does
/// nothing; the peer sees the end after [`shutdown`](Self::shutdown).
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
/// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// # let mut client = client;
/// let (_reader, writer) = client.split();
/// writer.write_all(b"hello").await?;
/// writer.writable().await?;
/// let length = 5 + writer.try_write(b", world")?;
/// // Unlike an owned half's, its drop tells the peer nothing.
/// writer.shutdown()?;
/// let mut buffer = [0; 16];
/// server.read_exact(&mut buffer[..length]).await?;
/// assert_eq!(server.read(&mut buffer).await?, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a TcpStream);

impl WriteHalf<'_> {
    /// As [`TcpStream::write`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, TcpStream> {
        self.0.write(bytes)
    }

    /// As [`TcpStream::write_all`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, TcpStream> {
        self.0.write_all(bytes)
    }

    /// As [`TcpStream::writable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn writable(&self) -> Writable<'_, TcpStream> {
        self.0.writable()
    }

    /// As [`TcpStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, TcpStream> {
        self.0.ready(interest)
    }

    /// As [`TcpStream::try_write`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    /// As [`TcpStream::try_write_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    /// As [`TcpStream::shutdown`] with `Shutdown::Write`: the peer reads what was written, and then the end of it.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn shutdown(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    /// As [`TcpStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// As [`TcpStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.0
    }
}

impl AsRef<TcpStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.0
    }
}
