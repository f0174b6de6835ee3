//! Receiving into memory that nobody has written to yet: for the traits that hand out such buffers, so that no byte
//! is zeroed only to be overwritten. The unsafe room of this crate.
//!
//! **Rule R:** a count that [`Socket::recv`](socket2::Socket::recv) returns is the number of bytes that the system has
//! written at the beginning of the buffer; it writes nothing else into it, and so takes no byte back.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::task::{Context, Poll, ready};

use reveille_reactor::Direction;
use socket2::SockRef;

use crate::socket::{Peeking, Reading};
use crate::wanted;

/// For tokio's trait.
#[cfg(feature = "tokio-io")]
#[track_caller]
pub(crate) fn into_tokio<S>(
    stream: &S,
    cx: &mut Context<'_>,
    buffer: &mut tokio::io::ReadBuf<'_>,
) -> Poll<io::Result<()>>
where
    S: Reading + Peeking,
    for<'a> SockRef<'a>: From<&'a S::Source>,
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
    S: Reading + Peeking,
    for<'a> SockRef<'a>: From<&'a S::Source>,
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
    S: Reading + Peeking,
    for<'a> SockRef<'a>: From<&'a S::Source>,
{
    if buffer.is_empty() {
        return Poll::Ready(Ok(0));
    }
    let (location, wanted) = (Location::caller(), wanted::length::<S>(buffer.len()));
    let registration = stream.registration();
    registration.poll_stream_io(Direction::Read, location, cx, wanted, |source| {
        S::guard(source, || SockRef::from(source).recv(buffer))
    })
}
