//! Sending to somebody in particular.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use reveille_reactor::{Direction, Wait};

use crate::attempts::Attempts;
use crate::resolve::Resolve;
use crate::to_socket_addrs::ToSocketAddrs;
use crate::udp::socket::UdpSocket;

/// The future of [`UdpSocket::send_to`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendTo<'a> {
    wait: Wait<'a, mio::net::UdpSocket>,
    message: &'a [u8],
    target: Target,
    location: &'static Location<'static>,
}

#[derive(Debug)]
enum Target {
    Unknown(Resolve),
    Known(SocketAddr),
}

impl<'a> SendTo<'a> {
    #[track_caller]
    pub(crate) fn new<A: ToSocketAddrs>(socket: &'a UdpSocket, message: &'a [u8], target: A) -> Self {
        let location = Location::caller();
        Self {
            wait: socket.registration.wait(Direction::Write, location),
            message,
            target: Target::Unknown(target.resolve()),
            location,
        }
    }
}

impl Future for SendTo<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let target = match &mut this.target {
            Target::Known(target) => *target,
            Target::Unknown(resolve) => {
                let first = ready!(resolve.poll(cx, this.location))?.next();
                let target = first.ok_or_else(|| Attempts::default().take_error())?;
                this.target = Target::Known(target);
                target
            }
        };
        this.wait
            .poll_io(cx, |socket| socket.send_to(this.message, target))
    }
}

impl fmt::Debug for SendTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SendTo");
        debug.field("wait", &self.wait).field("target", &self.target);
        debug.finish_non_exhaustive()
    }
}
