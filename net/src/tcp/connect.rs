//! Making connections.

use std::fmt;
use std::io;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::is_shutdown;

use crate::attempts::Attempts;
use crate::resolve::Resolve;
use crate::tcp::attempt::Attempt;
use crate::tcp::stream::TcpStream;
use crate::to_socket_addrs::{SocketAddrs, ToSocketAddrs};

/// The future of [`TcpStream::connect`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Connect {
    state: State,
    attempts: Attempts,
    location: &'static Location<'static>,
}

enum State {
    Resolving(Resolve),
    /// These addresses are left.
    Next(SocketAddrs),
    Connecting(Attempt, SocketAddrs),
    Finished,
}

impl Connect {
    #[track_caller]
    pub(crate) fn new<A: ToSocketAddrs>(address: A) -> Self {
        Self {
            state: State::Resolving(address.resolve()),
            attempts: Attempts::default(),
            location: Location::caller(),
        }
    }

    /// Begins to connect to the next address.
    fn begin(&mut self, mut left: SocketAddrs) -> io::Result<State> {
        let Some(address) = left.next() else {
            return Err(self.attempts.take_error());
        };
        Ok(match Attempt::begin(address) {
            Ok(attempt) => State::Connecting(attempt, left),
            Err(error) => {
                self.attempts.failed(address, error);
                State::Next(left)
            }
        })
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            // Whatever returns without putting a state back has finished.
            this.state = match mem::replace(&mut this.state, State::Finished) {
                State::Resolving(mut resolve) => match resolve.poll(cx, this.location) {
                    Poll::Ready(addresses) => State::Next(addresses?),
                    Poll::Pending => {
                        this.state = State::Resolving(resolve);
                        return Poll::Pending;
                    }
                },
                State::Next(left) => this.begin(left)?,
                State::Connecting(attempt, left) => match attempt.poll(cx, this.location) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Ok(attempt.into_stream())),
                    Poll::Ready(Err(error)) if is_shutdown(&error) => return Poll::Ready(Err(error)),
                    Poll::Ready(Err(error)) => {
                        this.attempts.failed(attempt.address(), error);
                        State::Next(left)
                    }
                    Poll::Pending => {
                        this.state = State::Connecting(attempt, left);
                        return Poll::Pending;
                    }
                },
                State::Finished => panic!("`Connect` was polled after it was ready; await it only once"),
            };
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Connect");
        if let State::Connecting(attempt, _) = &self.state {
            debug.field("address", &attempt.address());
        }
        debug.field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
