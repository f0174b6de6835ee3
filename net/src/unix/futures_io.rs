//! The `futures-io` traits, for the stream and its halves.
//!
//! Of several tasks that poll in one direction through these, the last one is woken.

use std::io;
use std::net::Shutdown;

use crate::futures_io::{implement_reading, implement_writing};
use crate::polled;
use crate::unix::halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::unix::stream::UnixStream;

implement_reading!(UnixStream, |stream| stream);
implement_reading!(&UnixStream, |stream| *stream);
implement_reading!(ReadHalf<'_>, |half| half.stream());
implement_reading!(OwnedReadHalf, |half| half.stream());
implement_writing!(UnixStream, |stream| stream, close);
implement_writing!(&UnixStream, |stream| *stream, close);
implement_writing!(WriteHalf<'_>, |half| half.stream(), close);
implement_writing!(OwnedWriteHalf, |half| half.stream(), close);

/// Closes the direction of writing.
fn close(stream: &UnixStream) -> io::Result<()> {
    polled::closed(stream.shutdown(Shutdown::Write))
}
