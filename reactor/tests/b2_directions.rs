//! B2: an event in one direction must not keep the other from clearing, or its task reads again and again.

mod wakes;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Reactor, Ready, Registration};

use wakes::{Socket, Wakes, pair, tcp_pair, turn_until_woken};

/// An operation in `direction` meets `WouldBlock` while an event of the other one, `noise`, comes.
fn attempts_under_noise(direction: Direction, noise: Ready) {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::new(pair().0).unwrap();
    socket.inject(Ready::READABLE | Ready::WRITABLE);
    let (wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);
    let attempts = Cell::new(0);
    for _ in 0..3 {
        let blocked = |_: &Socket| {
            attempts.set(attempts.get() + 1);
            assert!(attempts.get() <= 2, "{noise:?} made {direction:?} try again");
            socket.inject(noise);
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        };
        let poll = socket.poll_io(direction, Location::caller(), cx, blocked);
        assert!(poll.is_pending());
        socket.inject(noise);
        assert_eq!(wakes.count(), 0, "{noise:?} woke {direction:?}");
    }
}

#[test]
fn writable_events_do_not_make_a_reader_spin() {
    attempts_under_noise(Direction::Read, Ready::WRITABLE);
}

#[test]
fn readable_events_do_not_make_a_writer_spin() {
    attempts_under_noise(Direction::Write, Ready::READABLE);
}

#[test]
fn a_full_duplex_echo_makes_two_reads_for_each_message() {
    const MESSAGES: usize = 2_000;
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (stream, mut peer) = tcp_pair();
    stream.set_nodelay(true).unwrap();
    peer.set_nodelay(true).unwrap();
    let socket = Registration::new(stream).unwrap();
    let (_wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);

    let reads = Cell::new(0);
    let mut buffer = [0; 8];
    let mut read = socket.wait(Direction::Read, Location::caller());
    let mut write = socket.wait(Direction::Write, Location::caller());
    let mut poll_read = |cx: &mut Context<'_>| {
        read.poll_io(cx, |mut stream| {
            reads.set(reads.get() + 1);
            stream.read(&mut buffer)
        })
    };
    assert!(poll_read(cx).is_pending());
    for _ in 0..MESSAGES {
        peer.write_all(b"x").unwrap();
        let length = loop {
            match poll_read(cx) {
                Poll::Ready(length) => break length.unwrap(),
                Poll::Pending => turn_until_woken(&mut reactor),
            }
        };
        assert_eq!(length, 1);
        let written = write.poll_io(cx, |mut stream| stream.write(b"y"));
        assert!(matches!(written, Poll::Ready(Ok(1))));
        peer.read_exact(&mut [0]).unwrap();
    }
    // One that gets the byte and one that finds no more, for each message; the first wait made one.
    assert!(
        reads.get() <= 2 * MESSAGES + 1,
        "{MESSAGES} messages took {} reads",
        reads.get()
    );
}
