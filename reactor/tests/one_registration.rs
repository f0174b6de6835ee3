//! What a socket's life costs in system calls that register. Alone in its process, because it looks for the epoll.
#![cfg(target_os = "linux")]

mod wakes;
mod watched;

use std::cell::Cell;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Reactor, Registration};

use wakes::{Wakes, pair, read_byte, send, turn_until_woken};
use watched::watched;

/// Counts how often its descriptor is asked for, which is once for each attempt to register.
struct Counted<'a> {
    socket: UnixStream,
    asked: &'a Cell<usize>,
}

impl AsRawFd for Counted<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.asked.set(self.asked.get() + 1);
        self.socket.as_raw_fd()
    }
}

#[test]
fn a_life_of_many_messages_registers_once_and_leaves_when_it_ends() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let before = watched();
    let asked = Cell::new(0);
    let (socket, peer) = pair();
    // A second descriptor of the socket: closing the first one does not end a registration, only leaving does.
    let second = socket.try_clone().unwrap();
    let asked_for = &asked;
    let socket = Registration::new(Counted {
        socket,
        asked: asked_for,
    })
    .unwrap();
    let (_wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);

    send(&peer, b"x");
    let mut read = socket.wait(Direction::Read, Location::caller());
    let mut poll = |cx: &mut Context<'_>| read.poll_io(cx, |counted| read_byte(&counted.socket));
    assert!(matches!(poll(cx), Poll::Ready(Ok(b'x'))));
    assert_eq!(
        asked.get(),
        0,
        "a read that succeeds at once needs no registration"
    );
    assert_eq!(watched(), before);

    for _ in 0..100 {
        assert!(poll(cx).is_pending());
        send(&peer, b"x");
        turn_until_woken(&mut reactor);
        assert!(matches!(poll(cx), Poll::Ready(Ok(b'x'))));
    }
    assert_eq!(asked.get(), 1);
    assert_eq!(watched().len(), before.len() + 1);

    drop(read);
    drop(socket);
    assert_eq!(asked.get(), 1);
    assert_eq!(watched(), before, "it was closed without leaving the epoll");
    drop(second);
}
