//! Waiting for one socket: who is woken, what is tried, and what is not.

mod wakes;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use reveille_context::coop;
use reveille_reactor::{Direction, Reactor, Ready, Registration};

use wakes::{
    REGISTERED_WHEN_MADE, Socket, Wakes, pair, poll_byte, read_byte, send, settle, tcp_pair, turn_until_woken,
};

#[test]
fn two_waiters_in_one_direction_are_both_woken() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let mut waits = [0; 3].map(|_| socket.wait(Direction::Read, Location::caller()));
    let wakers = [0; 3].map(|_| Wakes::new());
    for (wait, (_, waker)) in waits.iter_mut().zip(&wakers) {
        assert!(
            wait.poll_io(&mut Context::from_waker(waker), read_byte)
                .is_pending()
        );
    }
    assert_eq!(reactor.handle().waits().len(), 3);
    send(&peer, b"x");
    turn_until_woken(&mut reactor);
    assert!(wakers.iter().all(|(wakes, _)| wakes.count() == 1));
}

#[test]
fn the_poll_form_wakes_the_last_waker_only_and_leaves_other_waits_alone() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let [(first, first_waker), (last, last_waker), (other, others_waker)] = [0; 3].map(|_| Wakes::new());
    let mut wait = socket.wait(Direction::Read, Location::caller());
    assert!(
        wait.poll_ready(&mut Context::from_waker(&others_waker))
            .is_pending()
    );
    assert!(poll_byte(&socket, &first_waker).is_pending());
    assert!(poll_byte(&socket, &last_waker).is_pending());
    send(&peer, b"x");
    turn_until_woken(&mut reactor);
    assert_eq!((first.count(), last.count(), other.count()), (0, 1, 1));
}

#[test]
fn dropping_a_wait_withdraws_its_waker() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (wakes, waker) = Wakes::new();
    let (others_wakes, others_waker) = Wakes::new();
    let mut other = socket.wait(Direction::Read, Location::caller());
    assert!(
        other
            .poll_io(&mut Context::from_waker(&others_waker), read_byte)
            .is_pending()
    );
    let mut wait = socket.wait(Direction::Read, Location::caller());
    assert!(
        wait.poll_io(&mut Context::from_waker(&waker), read_byte)
            .is_pending()
    );
    drop(wait);
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "the waker is still kept");
    send(&peer, b"x");
    turn_until_woken(&mut reactor);
    assert_eq!((wakes.count(), others_wakes.count()), (0, 1));
}

#[test]
fn a_wait_that_completes_without_being_woken_withdraws_its_waker() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::new(pair().0).unwrap();
    let (wakes, waker) = Wakes::new();
    let mut wait = socket.wait(Direction::Read, Location::caller());
    // Nothing is reported, but an operation is worth trying, and succeeds.
    assert!(wait.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    assert!(
        wait.poll_io(&mut Context::from_waker(&waker), |_| Ok(()))
            .is_ready()
    );
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "the waker is still kept");
}

#[test]
fn a_dump_names_the_line_and_the_direction() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::new(pair().0).unwrap();
    let line = Location::caller();
    let mut wait = socket.wait(Direction::Read, line);
    let (_, waker) = Wakes::new();
    let blocked = |_: &Socket| Err::<(), _>(io::ErrorKind::WouldBlock.into());
    assert!(
        wait.poll_io(&mut Context::from_waker(&waker), blocked)
            .is_pending()
    );
    let waits = reactor.handle().waits();
    assert_eq!((waits[0].location, waits[0].direction), (line, Direction::Read));
    assert_eq!(waits.len(), 1);
}

#[test]
fn what_is_merely_presumed_is_tried_but_not_reported() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(
        socket
            .poll_ready(Direction::Read, Location::caller(), cx)
            .is_pending()
    );
    settle(&mut reactor);
    assert!(
        socket
            .poll_ready(Direction::Read, Location::caller(), cx)
            .is_pending()
    );
    send(&peer, b"x");
    settle(&mut reactor);
    let Poll::Ready(Ok(ready)) = socket.poll_ready(Direction::Read, Location::caller(), cx) else {
        panic!("there is something to read");
    };
    assert!(ready.is_readable() && !ready.is_read_closed() && !ready.is_writable());
}

#[test]
fn a_socket_about_to_connect_is_not_tried_before_it_is_reported() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::connecting(pair().0).unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    let tries = Cell::new(0);
    let mut poll = || {
        socket.poll_io(Direction::Write, Location::caller(), cx, |_| {
            tries.set(tries.get() + 1);
            Ok(())
        })
    };
    assert!(poll().is_pending());
    assert_eq!(tries.get(), 0);
    settle(&mut reactor);
    assert!(poll().is_ready());
    assert_eq!(tries.get(), 1);
}

#[test]
fn try_io_asks_the_system_as_long_as_nobody_else_does() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let tries = Cell::new(0);
    let try_read = || {
        socket.try_io(Direction::Read, |socket| {
            tries.set(tries.get() + 1);
            read_byte(socket)
        })
    };
    for _ in 0..3 {
        assert_eq!(try_read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
    let asked = if REGISTERED_WHEN_MADE { 1 } else { 3 };
    assert_eq!(
        tries.get(),
        asked,
        "an unregistered socket was believed to be idle"
    );

    assert!(poll_byte(&socket, Waker::noop()).is_pending());
    for _ in 0..3 {
        assert_eq!(try_read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
    assert_eq!(tries.get(), asked, "a registered socket without news was asked");

    send(&peer, b"x");
    turn_until_woken(&mut reactor);
    assert_eq!(try_read().unwrap(), b'x');
}

#[test]
fn a_short_read_saves_the_system_call_that_would_block() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, mut peer) = tcp_pair();
    let socket = Registration::new(ours).unwrap();
    let (_wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);
    let reads = Cell::new(0);
    let poll = |cx: &mut Context<'_>, wanted: usize| {
        socket.poll_stream_io(Direction::Read, Location::caller(), cx, wanted, |mut stream| {
            reads.set(reads.get() + 1);
            stream.read(&mut [0; 8][..wanted])
        })
    };
    assert!(poll(cx, 8).is_pending());
    peer.write_all(b"hello").unwrap();
    turn_until_woken(&mut reactor);
    assert_eq!(reads.get(), 1);
    assert!(matches!(poll(cx, 2), Poll::Ready(Ok(2))));
    assert!(
        matches!(poll(cx, 8), Poll::Ready(Ok(3))),
        "a full read does not mean that there is no more"
    );
    assert!(poll(cx, 8).is_pending());
    let expected = if cfg!(any(target_os = "linux", target_vendor = "apple")) {
        3
    } else {
        4
    };
    assert_eq!(reads.get(), expected);
}

#[test]
fn a_short_read_does_not_hide_the_end_of_the_stream() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, mut peer) = tcp_pair();
    let socket = Registration::new(ours).unwrap();
    let (_wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);
    let poll = |cx: &mut Context<'_>| {
        socket.poll_stream_io(Direction::Read, Location::caller(), cx, 8, |mut stream| {
            stream.read(&mut [0; 8])
        })
    };
    assert!(poll(cx).is_pending());
    peer.write_all(b"hello").unwrap();
    drop(peer);
    turn_until_woken(&mut reactor);
    let mut received = Vec::new();
    while received.last() != Some(&0) {
        match poll(cx) {
            Poll::Ready(length) => received.push(length.unwrap()),
            Poll::Pending => turn_until_woken(&mut reactor),
        }
    }
    assert_eq!(received, [5, 0]);
}

#[test]
fn would_block_on_a_closed_socket_waits_for_the_next_event() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::connecting(pair().0).unwrap();
    let (wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);
    socket.inject(Ready::READABLE | Ready::READ_CLOSED);
    let tries = Cell::new(0);
    let blocked = |_: &Socket| {
        tries.set(tries.get() + 1);
        assert!(tries.get() < 10, "a closed socket makes its reader spin");
        Err::<(), _>(io::ErrorKind::WouldBlock.into())
    };
    for _ in 0..3 {
        assert!(
            socket
                .poll_io(Direction::Read, Location::caller(), cx, blocked)
                .is_pending()
        );
        assert!(
            socket
                .poll_ready(Direction::Read, Location::caller(), cx)
                .is_pending()
        );
    }
    assert_eq!(tries.get(), 1);
    socket.inject(Ready::READ_CLOSED);
    assert_eq!(wakes.count(), 1);
    assert!(
        socket
            .poll_ready(Direction::Read, Location::caller(), cx)
            .is_ready()
    );
    assert!(
        socket
            .poll_io(Direction::Read, Location::caller(), cx, blocked)
            .is_pending()
    );
    assert_eq!(tries.get(), 2);
}

#[test]
fn closed_stays_when_an_operation_blocks_and_error_does_not() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::connecting(pair().0).unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    socket.inject(Ready::READABLE | Ready::READ_CLOSED | Ready::ERROR);
    let blocked = socket.try_io(Direction::Read, |_| {
        Err::<(), _>(io::ErrorKind::WouldBlock.into())
    });
    assert!(blocked.is_err());
    socket.inject(Ready::READABLE);
    let Poll::Ready(Ok(ready)) = socket.poll_ready(Direction::Read, Location::caller(), cx) else {
        panic!("there was an event");
    };
    assert_eq!(ready, Ready::READABLE | Ready::READ_CLOSED);
}

#[test]
fn an_interrupted_operation_is_tried_again() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let socket = Registration::new(pair().0).unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    let mut tries = 0;
    let poll = socket.poll_io(Direction::Write, Location::caller(), cx, |_| {
        tries += 1;
        if tries < 3 {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            Ok(())
        }
    });
    assert!(matches!(poll, Poll::Ready(Ok(()))));
    assert_eq!(tries, 3);
}

#[test]
fn success_and_error_use_the_budget_and_waiting_does_not() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    drop(peer);
    let (wakes, waker) = Wakes::new();
    let cx = &mut Context::from_waker(&waker);
    let idle = Registration::connecting(pair().0).unwrap();
    let _budget = coop::enter();
    for _ in 0..1000 {
        assert!(
            idle.poll_ready(Direction::Read, Location::caller(), cx)
                .is_pending()
        );
    }
    let fails = |_: &Socket| Err::<(), _>(io::ErrorKind::BrokenPipe.into());
    for _ in 0..coop::BUDGET {
        assert!(
            socket
                .poll_io(Direction::Write, Location::caller(), cx, fails)
                .is_ready()
        );
    }
    assert_eq!(wakes.count(), 0);
    assert!(
        socket
            .poll_io(Direction::Write, Location::caller(), cx, fails)
            .is_pending()
    );
    assert_eq!(wakes.count(), 1, "who is out of budget must come back");
}
