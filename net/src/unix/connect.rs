//! Making connections to Unix sockets.

use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration};

use crate::unix::stream::UnixStream;

/// The future of [`UnixStream::connect`] and [`UnixStream::connect_addr`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Connect {
    state: State,
    location: &'static Location<'static>,
}

enum State {
    /// Where to; or why there is no such place.
    New(io::Result<SocketAddr>),
    Connecting(Registration<mio::net::UnixStream>),
    Finished,
}

impl Connect {
    #[track_caller]
    pub(crate) fn new(address: io::Result<SocketAddr>) -> Self {
        Self {
            state: State::New(address),
            location: Location::caller(),
        }
    }
}

impl Future for Connect {
    type Output = io::Result<UnixStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Whatever returns without putting a state back has finished.
        let socket = match std::mem::replace(&mut this.state, State::Finished) {
            State::New(address) => {
                let socket = mio::net::UnixStream::connect_addr(&address?)?;
                // Most systems connect two Unix sockets at once, and then there is no event to wait for.
                if socket.peer_addr().is_ok() {
                    return Poll::Ready(UnixStream::new(socket));
                }
                Registration::connecting(socket)?
            }
            State::Connecting(socket) => socket,
            State::Finished => panic!("`Connect` was polled after it was ready; await it only once"),
        };
        match socket.poll_io(Direction::Write, this.location, cx, connected) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map(|()| UnixStream::registered(socket))),
            Poll::Pending => {
                this.state = State::Connecting(socket);
                Poll::Pending
            }
        }
    }
}

/// Whether the socket, which was reported to be writable, is connected.
fn connected(socket: &mio::net::UnixStream) -> io::Result<()> {
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
        if let State::New(Ok(address)) = &self.state {
            debug.field("address", address);
        }
        debug.finish_non_exhaustive()
    }
}
