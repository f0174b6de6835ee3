//! Making connections.

use std::fmt;
use std::io;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::resolve::Resolve;
use crate::tcp::attempt::Attempt;
use crate::tcp::race::Race;
use crate::tcp::stream::TcpStream;
use crate::to_socket_addrs::{SocketAddrs, ToSocketAddrs};

/// The future of [`TcpStream::connect`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Connect {
    state: State,
    location: &'static Location<'static>,
}

#[derive(Debug)]
enum State {
    Resolving(Resolve),
    /// To the only address: no race, no timer, no allocation.
    One(Attempt),
    Several(Box<Race>),
    Finished,
}

impl Connect {
    #[track_caller]
    pub(crate) fn new<A: ToSocketAddrs>(address: A) -> Self {
        Self {
            state: State::Resolving(address.resolve()),
            location: Location::caller(),
        }
    }
}

impl State {
    fn begin(mut addresses: SocketAddrs) -> io::Result<Self> {
        Ok(match (addresses.len(), addresses.next()) {
            (1, Some(address)) => Self::One(Attempt::begin(address)?),
            (_, first) => Self::Several(Box::new(Race::new(first.into_iter().chain(addresses)))),
        })
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            // Whatever returns without putting a state back has finished.
            match mem::replace(&mut this.state, State::Finished) {
                State::Resolving(mut resolve) => match resolve.poll(cx, this.location) {
                    Poll::Ready(addresses) => {
                        this.state = State::begin(addresses?)?;
                        continue;
                    }
                    Poll::Pending => this.state = State::Resolving(resolve),
                },
                State::One(attempt) => match attempt.poll(cx, this.location) {
                    Poll::Ready(outcome) => return Poll::Ready(outcome.map(|()| attempt.into_stream())),
                    Poll::Pending => this.state = State::One(attempt),
                },
                State::Several(mut race) => match race.poll(cx, this.location) {
                    Poll::Ready(outcome) => return Poll::Ready(outcome),
                    Poll::Pending => this.state = State::Several(race),
                },
                State::Finished => panic!("`Connect` was polled after it was ready; await it only once"),
            }
            return Poll::Pending;
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connect").field(&self.state).finish()
    }
}
