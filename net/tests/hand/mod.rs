//! A reactor that the test turns itself, and polling by hand.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{self, Read};
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use reveille_net::{TcpListener, TcpStream};
use reveille_reactor::{EnterGuard, Handle, Reactor};

/// The reactor of this thread.
pub(crate) struct Hand {
    // Before the reactor: what was current before it comes back first.
    _entered: EnterGuard,
    reactor: Reactor,
}

impl Hand {
    pub(crate) fn new() -> Self {
        let reactor = Reactor::new().unwrap();
        Self {
            _entered: reactor.handle().enter(),
            reactor,
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.reactor.handle()
    }

    /// Delivers what the system has to say by now.
    pub(crate) fn settle(&mut self) {
        // A notification lets a wait end that has nothing else to end it; what was ready before comes with it.
        self.reactor.notifier().notify();
        self.reactor.turn(None, &mut Vec::new()).unwrap();
    }

    /// As [`settle`](Self::settle), and wakes those whom it concerns.
    pub(crate) fn settle_and_wake(&mut self) {
        let mut woken = Vec::new();
        self.reactor.notifier().notify();
        self.reactor.turn(None, &mut woken).unwrap();
        woken.into_iter().for_each(Waker::wake);
    }

    /// Polls, and turns in between, until it is ready.
    pub(crate) fn finish<F: Future + Unpin>(&mut self, mut future: F) -> F::Output {
        self.until(|| poll(&mut future))
    }

    /// As [`finish`](Self::finish), for a `poll` function.
    pub(crate) fn until<T>(&mut self, mut poll: impl FnMut() -> Poll<T>) -> T {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            if let Poll::Ready(output) = poll() {
                return output;
            }
            let left = patience.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "watchdog: it is never ready");
            self.reactor.turn(Some(left), &mut Vec::new()).unwrap();
        }
    }

    /// A stream that is registered and not ready to read, and its peer, which blocks.
    pub(crate) fn pair(&mut self) -> (TcpStream, net::TcpStream) {
        let (stream, peer) = pair();
        self.register(&stream);
        (stream, peer)
    }

    /// Lets the stream wait once, so that it is registered and its readiness is known.
    pub(crate) fn register(&mut self, stream: &TcpStream) {
        assert!(poll(&mut stream.read(&mut [0])).is_pending());
        self.finish(stream.writable()).unwrap();
    }
}

/// A stream that nothing has waited for yet, and its peer, which blocks.
pub(crate) fn pair() -> (TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    (TcpStream::from_std(stream).unwrap(), peer)
}

/// A listener on some port.
pub(crate) fn listener() -> TcpListener {
    TcpListener::from_std(net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap()
}

/// A port that nobody listens on, nor can while the socket lives.
pub(crate) fn closed_port() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&address.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// Polls once; nobody is woken.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut context())
}

/// Of nobody.
pub(crate) fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// What the peer reads: so many bytes.
pub(crate) fn received(mut peer: &net::TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    peer.read_exact(&mut bytes).unwrap();
    bytes
}

pub(crate) fn would_block<T>(outcome: &io::Result<T>) -> bool {
    matches!(outcome, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The error of a write in a direction that is closed. Windows has one of its own for it, which std names no kind for.
pub(crate) fn is_closed_for_writing(error: &io::Error) -> bool {
    const WSAESHUTDOWN: i32 = 10058;
    let of_windows = cfg!(windows) && error.raw_os_error() == Some(WSAESHUTDOWN);
    error.kind() == io::ErrorKind::BrokenPipe || of_windows
}
