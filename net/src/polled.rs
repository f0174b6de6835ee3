//! Transfers for `poll` functions, by which the traits of others are implemented.
//!
//! Of several tasks that poll in one direction through these, the last one is woken.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::Direction;

use crate::socket::{Reading, Writing};
use crate::wanted;

#[track_caller]
pub(crate) fn read<S: Reading>(
    stream: &S,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    if buffer.is_empty() {
        return Poll::Ready(Ok(0));
    }
    let (location, wanted) = (Location::caller(), wanted::one::<S>(buffer));
    let registration = stream.registration();
    registration.poll_stream_io(Direction::Read, location, cx, wanted, |source| {
        S::reader(source).read(buffer)
    })
}

#[track_caller]
pub(crate) fn read_vectored<S: Reading>(
    stream: &S,
    cx: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>> {
    if buffers.iter().all(|buffer| buffer.is_empty()) {
        return Poll::Ready(Ok(0));
    }
    let (location, wanted) = (Location::caller(), wanted::many::<S, _>(buffers));
    let registration = stream.registration();
    registration.poll_stream_io(Direction::Read, location, cx, wanted, |source| {
        S::reader(source).read_vectored(buffers)
    })
}

#[track_caller]
pub(crate) fn write<S: Writing>(stream: &S, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    let (location, wanted) = (Location::caller(), wanted::one::<S>(bytes));
    let registration = stream.registration();
    registration.poll_stream_io(Direction::Write, location, cx, wanted, |source| {
        S::writer(source).write(bytes)
    })
}

#[track_caller]
pub(crate) fn write_vectored<S: Writing>(
    stream: &S,
    cx: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let (location, wanted) = (Location::caller(), wanted::many::<S, _>(buffers));
    let registration = stream.registration();
    registration.poll_stream_io(Direction::Write, location, cx, wanted, |source| {
        S::writer(source).write_vectored(buffers)
    })
}

/// How closing the direction of writing went. A connection that is gone counts as closed.
pub(crate) fn closed(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        outcome => outcome,
    }
}
