//! Receiving into memory that nobody has written to yet: for the traits that hand out such buffers, so that no byte
//! is zeroed only to be overwritten. One of the unsafe rooms of this crate; the others are in `sys/`.
//!
//! **Rule R:** a count that [`Filling::fill`] returns is the number of bytes that the system has written at the beginning of
//! the buffer; it writes nothing else into it, and so takes no byte back.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
#[cfg(unix)]
use std::os::fd::AsRawFd;
use std::panic::Location;
use std::task::{Context, Poll, ready};

use reveille_reactor::Direction;
use socket2::SockRef;

use crate::socket::Reading;
use crate::{TcpStream, wanted};

/// A stream that can be read from into such memory. Each keeps rule R.
pub(crate) trait Filling: Reading {
    fn fill(source: &Self::Source, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize>;
}

impl Filling for TcpStream {
    fn fill(source: &Self::Source, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        SockRef::from(source).recv(buffer)
    }
}

#[cfg(unix)]
impl Filling for crate::UnixStream {
    fn fill(source: &Self::Source, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        SockRef::from(source).recv(buffer)
    }
}

#[cfg(unix)]
impl Filling for crate::unix::pipe::Receiver {
    fn fill(source: &Self::Source, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        // More is an error to some systems, and in no pipe.
        let length = buffer.len().min(libc::c_int::MAX as usize - 1);
        // SAFETY: rule R; the system writes no more than the length that it is told.
        let read = unsafe { libc::read(source.as_raw_fd(), buffer.as_mut_ptr().cast(), length) };
        usize::try_from(read).map_err(|_| io::Error::last_os_error())
    }
}

/// For tokio's trait.
#[cfg(feature = "tokio-io")]
#[track_caller]
pub(crate) fn into_tokio<S>(
    stream: &S,
    cx: &mut Context<'_>,
    buffer: &mut tokio::io::ReadBuf<'_>,
) -> Poll<io::Result<()>>
where
    S: Filling,
{
    // SAFETY: rule R: what is initialised stays so.
    let free = unsafe { buffer.unfilled_mut() };
    let count = ready!(receive(stream, cx, free))?;
    // SAFETY: rule R.
    unsafe { buffer.assume_init(count) };
    buffer.advance(count);
    Poll::Ready(Ok(()))
}

/// For hyper's trait.
#[cfg(feature = "hyper")]
#[track_caller]
pub(crate) fn into_hyper<S>(
    stream: &S,
    cx: &mut Context<'_>,
    mut buffer: hyper::rt::ReadBufCursor<'_>,
) -> Poll<io::Result<()>>
where
    S: Filling,
{
    // SAFETY: rule R: what is initialised stays so.
    let free = unsafe { buffer.as_mut() };
    let count = ready!(receive(stream, cx, free))?;
    // SAFETY: rule R.
    unsafe { buffer.advance(count) };
    Poll::Ready(Ok(()))
}

/// How many bytes have been received; they stand at the beginning of `buffer`.
#[track_caller]
fn receive<S>(stream: &S, cx: &mut Context<'_>, buffer: &mut [MaybeUninit<u8>]) -> Poll<io::Result<usize>>
where
    S: Filling,
{
    if buffer.is_empty() {
        return Poll::Ready(Ok(0));
    }
    let (location, wanted) = (Location::caller(), wanted::length::<S>(buffer.len()));
    let registration = stream.registration();
    registration.poll_stream_io(Direction::Read, location, cx, wanted, |source| {
        S::guard(source, || S::fill(source, buffer))
    })
}
