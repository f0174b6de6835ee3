//! Sending to somebody in particular.

use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Wait};
use socket2::{SockAddr, SockRef};

use crate::unix::address;
use crate::unix::datagram::UnixDatagram;

/// The future of [`UnixDatagram::send_to`] and [`UnixDatagram::send_to_addr`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendTo<'a> {
    wait: Wait<'a, mio::net::UnixDatagram>,
    message: &'a [u8],
    /// None, once it was found that there is no such address.
    target: Result<SockAddr, Option<io::Error>>,
}

impl<'a> SendTo<'a> {
    #[track_caller]
    pub(crate) fn new(socket: &'a UnixDatagram, message: &'a [u8], target: io::Result<SocketAddr>) -> Self {
        let target = target.and_then(|target| address::to_socket2(&target));
        Self {
            wait: socket.registration.wait(Direction::Write, Location::caller()),
            message,
            target: target.map_err(Some),
        }
    }
}

impl Future for SendTo<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &mut this.target {
            Ok(target) => this
                .wait
                .poll_io(cx, |socket| send_to(socket, this.message, target)),
            Err(error) => {
                let error = error.take();
                Poll::Ready(Err(
                    error.expect("`SendTo` was polled after it was ready; await it only once")
                ))
            }
        }
    }
}

impl fmt::Debug for SendTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SendTo");
        debug.field("wait", &self.wait).field("target", &self.target);
        debug.finish_non_exhaustive()
    }
}

pub(crate) fn send_to(
    socket: &mio::net::UnixDatagram,
    message: &[u8],
    target: &SockAddr,
) -> io::Result<usize> {
    SockRef::from(socket).send_to(message, target)
}
