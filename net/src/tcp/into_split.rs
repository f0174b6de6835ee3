//! Halves that own the stream together.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};

use reveille_reactor::Interest;

use crate::primitive::Arc;
use crate::readiness::{Readable, Readiness, Writable};
use crate::tcp::stream::TcpStream;
use crate::transfer::{Peek, Read, ReadExact, Write, WriteAll};

pub(crate) fn into_split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Arc::new(stream);
    let reader = OwnedReadHalf {
        stream: stream.clone(),
    };
    let writer = OwnedWriteHalf {
        stream,
        shut_down_on_drop: true,
    };
    (reader, writer)
}

/// The half of a [`TcpStream`](crate::TcpStream) that reads; made by [`TcpStream::into_split`].
///
/// Its methods are those of the stream, and it implements [`AsyncRead`](futures_io::AsyncRead). Dropping it leaves the
/// peer free to send; the connection is closed when the other half is dropped too.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
/// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// use reveille_reactor::Interest;
///
/// let (reader, _writer) = client.into_split();
/// server.write_all(b"hello, world").await?;
/// let mut buffer = [0; 5];
/// assert_eq!(reader.peek(&mut buffer).await?, 5);
/// reader.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"hello");
/// assert!(reader.ready(Interest::READABLE).await?.is_readable());
/// let length = reader.try_read(&mut [0; 16])?;
/// assert!((1..=7).contains(&length));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Arc<TcpStream>,
}

impl OwnedReadHalf {
    /// Puts the two halves together again, if they are of the same stream.
    ///
    /// # Errors
    ///
    /// Both halves, if they are of two streams.
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
    ///     let (reader, writer) = client.into_split();
    ///     let client = reader.reunite(writer).expect("they are of one stream");
    ///     client.write_all(b"hello").await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        reunite(self, other)
    }

    /// As [`TcpStream::read`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, TcpStream> {
        self.stream.read(buffer)
    }

    /// As [`TcpStream::read_exact`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, TcpStream> {
        self.stream.read_exact(buffer)
    }

    /// As [`TcpStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, TcpStream> {
        self.stream.peek(buffer)
    }

    /// As [`TcpStream::poll_peek`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buffer)
    }

    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, TcpStream> {
        self.stream.readable()
    }

    /// As [`TcpStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, TcpStream> {
        self.stream.ready(interest)
    }

    /// As [`TcpStream::try_read`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    /// As [`TcpStream::try_read_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.try_read_vectored(buffers)
    }

    /// As [`TcpStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// As [`TcpStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl AsRef<TcpStream> for OwnedReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

/// The half of a [`TcpStream`](crate::TcpStream) that writes; made by [`TcpStream::into_split`].
///
/// Its methods are those of the stream, and it implements [`AsyncWrite`](futures_io::AsyncWrite). When it is dropped
/// the peer reads what was written, and then the end of it; [`forget`](Self::forget) avoids that.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
/// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// let (_reader, writer) = client.into_split();
/// writer.write_all(b"hello").await?;
/// writer.writable().await?;
/// let length = 5 + writer.try_write(b", world")? + writer.write(b"!").await?;
/// // By its drop the server comes to know that there is no more.
/// drop(writer);
/// let mut buffer = [0; 16];
/// server.read_exact(&mut buffer[..length]).await?;
/// assert_eq!(server.read(&mut buffer).await?, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: Arc<TcpStream>,
    shut_down_on_drop: bool,
}

impl OwnedWriteHalf {
    /// As [`OwnedReadHalf::reunite`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        reunite(other, self)
    }

    /// Drops this half without closing its direction: the peer sees no end before the other half is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// let (reader, writer) = client.into_split();
    /// writer.write_all(b"hello").await?;
    /// writer.forget();
    /// let mut buffer = [0; 5];
    /// server.read_exact(&mut buffer).await?;
    /// // The server has not seen the end: the connection is open until `reader` is dropped too.
    /// let end = server.try_read(&mut buffer);
    /// assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # drop(reader);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn forget(mut self) {
        self.shut_down_on_drop = false;
    }

    /// As [`TcpStream::write`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, TcpStream> {
        self.stream.write(bytes)
    }

    /// As [`TcpStream::write_all`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, TcpStream> {
        self.stream.write_all(bytes)
    }

    /// As [`TcpStream::writable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn writable(&self) -> Writable<'_, TcpStream> {
        self.stream.writable()
    }

    /// As [`TcpStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, TcpStream> {
        self.stream.ready(interest)
    }

    /// As [`TcpStream::try_write`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.try_write(bytes)
    }

    /// As [`TcpStream::try_write_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_write_vectored(buffers)
    }

    /// As [`TcpStream::shutdown`] with `Shutdown::Write`: the peer reads what was written, and then the end of it.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// As [`TcpStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// As [`TcpStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl AsRef<TcpStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shut_down_on_drop {
            // It fails only if there is no connection any more, and then there is nothing to close.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

fn reunite(reader: OwnedReadHalf, writer: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
    if !Arc::ptr_eq(&reader.stream, &writer.stream) {
        return Err(ReuniteError(reader, writer));
    }
    writer.forget();
    Ok(Arc::try_unwrap(reader.stream).expect("only the two halves hold the stream"))
}

/// The halves that were to be put together are of two streams. Here they are again.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
/// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// let (reader, _) = client.into_split();
/// let (_, writer) = server.into_split();
/// let error = reader.reunite(writer).expect_err("they are of two streams");
/// let (_reader, _writer) = (error.0, error.1);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tried to reunite halves that are not of the same stream")
    }
}

impl Error for ReuniteError {}
