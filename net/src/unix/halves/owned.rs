//! Halves that own the stream together.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;

use reveille_reactor::Interest;

use crate::primitive::Arc;
use crate::readiness::{Readable, Readiness, Writable};
use crate::transfer::{Peek, Read, ReadExact, Write, WriteAll};
use crate::unix::stream::UnixStream;

pub(crate) fn into_split(stream: UnixStream) -> (OwnedReadHalf, OwnedWriteHalf) {
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

/// The half of a [`UnixStream`](crate::UnixStream) that reads; made by [`UnixStream::into_split`].
///
/// Its methods are those of the stream, and it implements [`AsyncRead`](futures_io::AsyncRead). Dropping it leaves the
/// peer free to send; the connection is closed when the other half is dropped too.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let (here, there) = reveille_net::UnixStream::pair()?;
/// use std::io::ErrorKind;
///
/// use reveille_reactor::Interest;
///
/// let (reader, _writer) = here.into_split();
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
pub struct OwnedReadHalf {
    stream: Arc<UnixStream>,
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
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, _server) = UnixStream::pair()?;
    ///     let (reader, writer) = client.into_split();
    ///     let client = reader.reunite(writer).expect("they are of one stream");
    ///     client.write_all(b"hello").await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
        reunite(self, other)
    }

    /// As [`UnixStream::read`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, UnixStream> {
        self.stream.read(buffer)
    }

    /// As [`UnixStream::read_exact`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, UnixStream> {
        self.stream.read_exact(buffer)
    }

    /// As [`UnixStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, UnixStream> {
        self.stream.peek(buffer)
    }

    /// As [`UnixStream::readable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, UnixStream> {
        self.stream.readable()
    }

    /// As [`UnixStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, UnixStream> {
        self.stream.ready(interest)
    }

    /// As [`UnixStream::try_read`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    /// As [`UnixStream::try_read_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.try_read_vectored(buffers)
    }

    /// As [`UnixStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// As [`UnixStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

impl AsRef<UnixStream> for OwnedReadHalf {
    fn as_ref(&self) -> &UnixStream {
        &self.stream
    }
}

/// The half of a [`UnixStream`](crate::UnixStream) that writes; made by [`UnixStream::into_split`].
///
/// Its methods are those of the stream, and it implements [`AsyncWrite`](futures_io::AsyncWrite). When it is dropped
/// the peer reads what was written, and then the end of it; [`forget`](Self::forget) avoids that.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// # let (here, there) = reveille_net::UnixStream::pair()?;
/// let (_reader, writer) = here.into_split();
/// writer.write_all(b"hello").await?;
/// writer.writable().await?;
/// assert_eq!(writer.try_write(b", world")?, 7);
/// // By its drop the peer comes to know that there is no more.
/// drop(writer);
/// let mut buffer = [0; 12];
/// there.read_exact(&mut buffer).await?;
/// assert_eq!(there.read(&mut buffer).await?, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: Arc<UnixStream>,
    shut_down_on_drop: bool,
}

impl OwnedWriteHalf {
    /// As [`OwnedReadHalf::reunite`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<UnixStream, ReuniteError> {
        reunite(other, self)
    }

    /// Drops this half without closing its direction: the peer sees no end before the other half is dropped.
    pub fn forget(mut self) {
        self.shut_down_on_drop = false;
    }

    /// As [`UnixStream::write`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, UnixStream> {
        self.stream.write(bytes)
    }

    /// As [`UnixStream::write_all`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, UnixStream> {
        self.stream.write_all(bytes)
    }

    /// As [`UnixStream::writable`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn writable(&self) -> Writable<'_, UnixStream> {
        self.stream.writable()
    }

    /// As [`UnixStream::ready`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, UnixStream> {
        self.stream.ready(interest)
    }

    /// As [`UnixStream::try_write`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.try_write(bytes)
    }

    /// As [`UnixStream::try_write_vectored`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_write_vectored(buffers)
    }

    /// As [`UnixStream::shutdown`] with `Shutdown::Write`: the peer reads what was written, and then the end of it.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// As [`UnixStream::local_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// As [`UnixStream::peer_addr`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

impl AsRef<UnixStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &UnixStream {
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

fn reunite(reader: OwnedReadHalf, writer: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
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
/// # let (here, there) = reveille_net::UnixStream::pair()?;
/// let (reader, _) = here.into_split();
/// let (_, writer) = there.into_split();
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
