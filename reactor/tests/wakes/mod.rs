//! A waker that counts, and sockets to wait for.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io;
use std::net::{TcpListener, TcpStream};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use reveille_reactor::{Direction, Reactor, Registration};

pub(crate) use sockets::{Socket, pair};

/// Whether a socket is known to its reactor before it first has to wait, and stays with it.
pub(crate) const REGISTERED_WHEN_MADE: bool = cfg!(not(unix));

#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        (wakes.clone(), Waker::from(wakes))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(unix)]
mod sockets {
    pub(crate) use std::os::unix::net::UnixStream as Socket;

    /// Two connected sockets that do not block.
    pub(crate) fn pair() -> (Socket, Socket) {
        let (left, right) = Socket::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        right.set_nonblocking(true).unwrap();
        (left, right)
    }
}

/// Where a reactor takes only mio's sockets.
#[cfg(not(unix))]
mod sockets {
    pub(crate) use mio::net::TcpStream as Socket;

    /// Two connected sockets that do not block.
    pub(crate) fn pair() -> (Socket, Socket) {
        let (left, right) = super::tcp_pair();
        right.set_nonblocking(true).unwrap();
        (left, Socket::from_std(right))
    }
}

/// Two connected streams, the first of which does not block.
pub(crate) fn tcp_pair() -> (mio::net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    (mio::net::TcpStream::from_std(ours), peer)
}

/// One byte, by the `poll_*` form.
pub(crate) fn poll_byte(socket: &Registration<Socket>, waker: &Waker) -> Poll<io::Result<u8>> {
    let cx = &mut Context::from_waker(waker);
    socket.poll_io(Direction::Read, Location::caller(), cx, read_byte)
}

pub(crate) fn read_byte(mut socket: &Socket) -> io::Result<u8> {
    let mut byte = [0];
    io::Read::read_exact(&mut socket, &mut byte)?;
    Ok(byte[0])
}

pub(crate) fn send(mut socket: &Socket, bytes: &[u8]) {
    io::Write::write_all(&mut socket, bytes).unwrap();
}

/// Turns the reactor until it has somebody to wake, and wakes them.
pub(crate) fn turn_until_woken(reactor: &mut Reactor) {
    let patience = Instant::now() + Duration::from_secs(20);
    let mut woken = Vec::new();
    while woken.is_empty() {
        let left = patience.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "watchdog: nobody is ever woken");
        reactor.turn(Some(left), &mut woken).unwrap();
    }
    woken.into_iter().for_each(Waker::wake);
}

/// Turns the reactor until everything that the system had to say by now has been delivered, and wakes.
pub(crate) fn settle(reactor: &mut Reactor) {
    let mut woken = Vec::new();
    // A notification lets a wait end that has nothing else to end it; what was ready before comes with it.
    reactor.notifier().notify();
    reactor.turn(None, &mut woken).unwrap();
    woken.into_iter().for_each(Waker::wake);
}
