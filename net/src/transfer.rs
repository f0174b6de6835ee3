//! Reading from streams, and writing to them.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use reveille_reactor::{Direction, Wait};

use crate::socket::{Peeking, Reading, Writing};
use crate::wanted;

/// The future of `read`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Read<'a, S: Reading> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
}

impl<'a, S: Reading> Read<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait, buffer }
    }
}

impl<S: Reading> Future for Read<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer } = self.get_mut();
        poll_read::<S>(wait, buffer, cx)
    }
}

/// The future of `read_exact`: it keeps count.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct ReadExact<'a, S: Reading> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
    filled: usize,
}

impl<'a, S: Reading> ReadExact<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self {
            wait,
            buffer,
            filled: 0,
        }
    }

    /// How many bytes are in the buffer by now. They are taken from the stream, so someone who drops this future
    /// early begins the next one behind them.
    pub fn filled(&self) -> usize {
        self.filled
    }
}

impl<S: Reading> Future for ReadExact<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer, filled } = self.get_mut();
        while *filled < buffer.len() {
            match ready!(poll_read::<S>(wait, &mut buffer[*filled..], cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                more => *filled += more,
            }
        }
        Poll::Ready(Ok(*filled))
    }
}

/// The future of `write`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Write<'a, S: Writing> {
    wait: Wait<'a, S::Source>,
    bytes: &'a [u8],
}

impl<'a, S: Writing> Write<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, bytes: &'a [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Write, Location::caller());
        Self { wait, bytes }
    }
}

impl<S: Writing> Future for Write<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, bytes } = self.get_mut();
        poll_write::<S>(wait, bytes, cx)
    }
}

/// The future of `write_all`: it keeps count.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct WriteAll<'a, S: Writing> {
    wait: Wait<'a, S::Source>,
    bytes: &'a [u8],
    written: usize,
}

impl<'a, S: Writing> WriteAll<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, bytes: &'a [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Write, Location::caller());
        Self {
            wait,
            bytes,
            written: 0,
        }
    }

    /// How many bytes are written by now. Someone who drops this future early goes on behind them.
    pub fn written(&self) -> usize {
        self.written
    }
}

impl<S: Writing> Future for WriteAll<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, bytes, written } = self.get_mut();
        while *written < bytes.len() {
            match ready!(poll_write::<S>(wait, &bytes[*written..], cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => *written += more,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The future of `peek`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Peek<'a, S: Peeking> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
}

impl<'a, S: Peeking> Peek<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait, buffer }
    }
}

impl<S: Peeking> Future for Peek<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer } = self.get_mut();
        // Not as a stream: what was seen, however short, is still there to be read.
        wait.poll_io(cx, |source| S::peek(source, buffer))
    }
}

fn poll_read<S: Reading>(
    wait: &mut Wait<'_, S::Source>,
    buffer: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if buffer.is_empty() {
        // The system would wait for data to put nowhere.
        return Poll::Ready(Ok(0));
    }
    wait.poll_stream_io(cx, wanted::one::<S>(buffer), |source| {
        S::reader(source).read(buffer)
    })
}

fn poll_write<S: Writing>(
    wait: &mut Wait<'_, S::Source>,
    bytes: &[u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    wait.poll_stream_io(cx, wanted::one::<S>(bytes), |source| {
        S::writer(source).write(bytes)
    })
}

impl<S: Reading> fmt::Debug for Read<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Read").field(&self.wait).finish()
    }
}

impl<S: Reading> fmt::Debug for ReadExact<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ReadExact");
        debug.field("wait", &self.wait).field("filled", &self.filled);
        debug.field("wanted", &self.buffer.len()).finish()
    }
}

impl<S: Writing> fmt::Debug for Write<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.wait).finish()
    }
}

impl<S: Writing> fmt::Debug for WriteAll<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WriteAll");
        debug.field("wait", &self.wait).field("written", &self.written);
        debug.field("wanted", &self.bytes.len()).finish()
    }
}

impl<S: Peeking> fmt::Debug for Peek<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peek").field(&self.wait).finish()
    }
}
