//! Receiving messages, and sending them to the connected peer.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Wait};

use crate::socket::Datagram;

/// A message that was received by `recv_msg`.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use reveille_net::UdpSocket;
///
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.send_to(b"hello", server.local_addr()?).await?;
/// # if cfg!(windows) { return std::io::Result::Ok(()) }
/// let received = server.recv_msg(&mut [0; 4]).await?;
/// assert!(received.truncated && received.length == 4);
/// assert_eq!(received.from, client.local_addr()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received<A> {
    /// How many bytes are in the buffer.
    pub length: usize,
    /// From whom it came.
    pub from: A,
    /// Whether the message was longer than the buffer, so that the rest of it is lost.
    pub truncated: bool,
}

/// The future of `recv`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Recv<'a, S: Datagram> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
}

impl<'a, S: Datagram> Recv<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait, buffer }
    }
}

impl<S: Datagram> Future for Recv<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer } = self.get_mut();
        wait.poll_io(cx, |source| S::recv(source, buffer))
    }
}

/// The future of `recv_from`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct RecvFrom<'a, S: Datagram> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
}

impl<'a, S: Datagram> RecvFrom<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait, buffer }
    }
}

impl<S: Datagram> Future for RecvFrom<'_, S> {
    type Output = io::Result<(usize, S::Address)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer } = self.get_mut();
        wait.poll_io(cx, |source| S::recv_from(source, buffer))
    }
}

/// The future of `recv_msg`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct RecvMsg<'a, S: Datagram> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
}

impl<'a, S: Datagram> RecvMsg<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait, buffer }
    }
}

impl<S: Datagram> Future for RecvMsg<'_, S> {
    type Output = io::Result<Received<S::Address>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer } = self.get_mut();
        wait.poll_io(cx, |source| S::recv_msg(source, buffer))
    }
}

/// The future of `peek_from`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct PeekFrom<'a, S: Datagram> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
}

impl<'a, S: Datagram> PeekFrom<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, buffer: &'a mut [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait, buffer }
    }
}

impl<S: Datagram> Future for PeekFrom<'_, S> {
    type Output = io::Result<(usize, S::Address)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer } = self.get_mut();
        wait.poll_io(cx, |source| S::peek_from(source, buffer))
    }
}

/// The future of `send`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Send<'a, S: Datagram> {
    wait: Wait<'a, S::Source>,
    message: &'a [u8],
}

impl<'a, S: Datagram> Send<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, message: &'a [u8]) -> Self {
        let wait = socket.registration().wait(Direction::Write, Location::caller());
        Self { wait, message }
    }
}

impl<S: Datagram> Future for Send<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, message } = self.get_mut();
        wait.poll_io(cx, |source| S::send(source, message))
    }
}

impl<S: Datagram> fmt::Debug for Recv<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recv").field(&self.wait).finish()
    }
}

impl<S: Datagram> fmt::Debug for RecvFrom<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvFrom").field(&self.wait).finish()
    }
}

impl<S: Datagram> fmt::Debug for RecvMsg<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvMsg").field(&self.wait).finish()
    }
}

impl<S: Datagram> fmt::Debug for PeekFrom<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeekFrom").field(&self.wait).finish()
    }
}

impl<S: Datagram> fmt::Debug for Send<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Send").field(&self.wait).finish()
    }
}
