//! Making sockets that have an address of their own.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::attempts::Attempts;
use crate::resolve::Resolve;
use crate::to_socket_addrs::ToSocketAddrs;

/// What can be bound. Nobody else can name this trait.
pub trait Bound: Sized {
    /// Makes one with this address.
    fn bound(address: SocketAddr) -> io::Result<Self>;
}

/// The future of `bind`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Bind<S> {
    resolve: Resolve,
    location: &'static Location<'static>,
    socket: PhantomData<fn() -> S>,
}

impl<S: Bound> Bind<S> {
    #[track_caller]
    pub(crate) fn new(address: impl ToSocketAddrs) -> Self {
        Self {
            resolve: address.resolve(),
            location: Location::caller(),
            socket: PhantomData,
        }
    }
}

impl<S: Bound> Future for Bind<S> {
    type Output = io::Result<S>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let location = self.location;
        let mut attempts = Attempts::default();
        for address in ready!(self.resolve.poll(cx, location))? {
            match S::bound(address) {
                Ok(socket) => return Poll::Ready(Ok(socket)),
                Err(error) => attempts.failed(address, error),
            }
        }
        Poll::Ready(Err(attempts.take_error()))
    }
}

impl<S> fmt::Debug for Bind<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bind").field(&self.resolve).finish()
    }
}
