//! Operations of the user's own, waited for.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use reveille_reactor::{Direction, Interest, Wait};

use crate::readiness::{self, Readiness};
use crate::socket::Socket;

/// The future of `async_io`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct AsyncIo<'a, S: Socket, F> {
    socket: &'a S,
    waiting: Waiting<'a, S>,
    operation: F,
}

const EITHER: Interest = Interest::READABLE.add(Interest::WRITABLE);

enum Waiting<'a, S: Socket> {
    One(Wait<'a, S::Source>),
    Both(Readiness<'a, S>),
}

/// The operation stays where it is, but nothing pins it.
impl<S: Socket, F> Unpin for AsyncIo<'_, S, F> {}

impl<'a, S: Socket, F> AsyncIo<'a, S, F> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, interest: Interest, operation: F) -> Self {
        let location = Location::caller();
        let one = |direction| Waiting::One(socket.registration().wait(direction, location));
        let waiting = match (interest.is_readable(), interest.is_writable()) {
            (true, true) => Waiting::Both(Readiness::new(socket, interest)),
            (true, false) => one(Direction::Read),
            (false, _) => one(Direction::Write),
        };
        Self {
            socket,
            waiting,
            operation,
        }
    }
}

impl<S: Socket, T, F: FnMut() -> io::Result<T>> Future for AsyncIo<'_, S, F> {
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let operation = &mut this.operation;
        let ready = match &mut this.waiting {
            Waiting::One(wait) => return wait.poll_io(cx, |source| S::guard(source, &mut *operation)),
            Waiting::Both(ready) => ready,
        };
        loop {
            ready!(Pin::new(&mut *ready).poll(cx))?;
            // Its `WouldBlock` is taken to be about both directions, as that of `try_io` is.
            match readiness::try_io(this.socket, EITHER, &mut *operation) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}

impl<S: Socket + fmt::Debug, F> fmt::Debug for AsyncIo<'_, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("AsyncIo");
        match &self.waiting {
            Waiting::One(wait) => debug.field(wait).finish(),
            Waiting::Both(ready) => debug.field(ready).finish(),
        }
    }
}
