//! Giving a UDP socket its peer.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::attempts::Attempts;
use crate::resolve::Resolve;
use crate::to_socket_addrs::ToSocketAddrs;
use crate::udp::socket::UdpSocket;

/// The future of [`UdpSocket::connect`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct ConnectDatagram<'a> {
    socket: &'a UdpSocket,
    resolve: Resolve,
    location: &'static Location<'static>,
}

impl<'a> ConnectDatagram<'a> {
    #[track_caller]
    pub(crate) fn new<A: ToSocketAddrs>(socket: &'a UdpSocket, address: A) -> Self {
        Self {
            socket,
            resolve: address.resolve(),
            location: Location::caller(),
        }
    }
}

impl Future for ConnectDatagram<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let location = self.location;
        let mut attempts = Attempts::default();
        for address in ready!(self.resolve.poll(cx, location))? {
            // This only notes the address, so there is nothing to wait for.
            match self.socket.registration.get_ref().connect(address) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(error) => attempts.failed(address, error),
            }
        }
        Poll::Ready(Err(attempts.take_error()))
    }
}
