//! Making connections.

use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration, is_shutdown};

use crate::attempts::Attempts;
use crate::resolve::Resolve;
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
    Connecting(Begun, SocketAddrs),
    Finished,
}

/// A socket that has begun to connect.
struct Begun {
    address: SocketAddr,
    socket: Registration<mio::net::TcpStream>,
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
        let socket = mio::net::TcpStream::connect(address).and_then(Registration::connecting);
        Ok(match socket {
            Ok(socket) => State::Connecting(Begun { address, socket }, left),
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
                State::Connecting(begun, left) => match begun.poll(cx, this.location) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Ok(TcpStream::registered(begun.socket))),
                    Poll::Ready(Err(error)) if is_shutdown(&error) => return Poll::Ready(Err(error)),
                    Poll::Ready(Err(error)) => {
                        this.attempts.failed(begun.address, error);
                        State::Next(left)
                    }
                    Poll::Pending => {
                        this.state = State::Connecting(begun, left);
                        return Poll::Pending;
                    }
                },
                State::Finished => panic!("`Connect` was polled after it was ready; await it only once"),
            };
        }
    }
}

impl Begun {
    /// Ready when the socket is connected, or has failed.
    fn poll(&self, cx: &mut Context<'_>, location: &'static Location<'static>) -> Poll<io::Result<()>> {
        self.socket.poll_io(Direction::Write, location, cx, connected)
    }
}

/// Whether the socket, which was reported to be writable, is connected. One that has failed is reported too, and
/// another may be before it is either.
fn connected(socket: &mio::net::TcpStream) -> io::Result<()> {
    // First: on some systems one that has failed has no peer's address, and that is then the less clear error.
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Connect");
        if let State::Connecting(begun, _) = &self.state {
            debug.field("address", &begun.address);
        }
        debug.field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
