//! The reactor itself: its wait, its end, and whoever has none.
#![cfg(unix)]

mod wakes;
mod watchdog;

use std::future::poll_fn;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use reveille_context::wake;
use reveille_reactor::{Direction, Handle, Reactor, Registration, is_shutdown};

use wakes::{Wakes, pair, poll_byte, read_byte, send, turn_until_woken};
use watchdog::watched;

#[test]
fn a_notification_ends_the_next_wait_however_early_it_came() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let notifier = reactor.notifier();
        let mut woken = Vec::new();
        notifier.notify();
        notifier.notify();
        reactor.turn(None, &mut woken).unwrap();

        // A look in between is no wait, whether or not there is something to look for.
        notifier.notify();
        reactor.turn(Some(Duration::ZERO), &mut woken).unwrap();
        let _entered = reactor.handle().enter();
        let (ours, _peer) = pair();
        let socket = Registration::connecting(ours).unwrap();
        assert!(poll_byte(&socket, Waker::noop()).is_pending());
        reactor.turn(Some(Duration::ZERO), &mut woken).unwrap();
        reactor.turn(Some(Duration::ZERO), &mut woken).unwrap();
        reactor.turn(None, &mut woken).unwrap();
        assert!(woken.is_empty());
    });
}

#[test]
fn a_notification_from_another_thread_ends_the_wait() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        for _ in 0..100 {
            let notifier = reactor.notifier();
            let other = thread::spawn(move || notifier.notify());
            reactor.turn(None, &mut Vec::new()).unwrap();
            other.join().unwrap();
        }
    });
}

#[test]
fn a_socket_is_registered_from_another_thread_while_the_reactor_waits() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let handle = reactor.handle();
        let other = thread::spawn(move || {
            let _entered = handle.enter();
            let (ours, peer) = pair();
            let socket = Registration::new(ours).unwrap();
            let read = poll_fn(|cx| socket.poll_io(Direction::Read, Location::caller(), cx, read_byte));
            let sender = thread::spawn(move || send(&peer, b"x"));
            assert_eq!(pollster::block_on(read).unwrap(), b'x');
            sender.join().unwrap();
        });
        while !other.is_finished() {
            let mut woken = Vec::new();
            reactor.turn(Some(Duration::from_millis(1)), &mut woken).unwrap();
            wake::wake_all(&mut woken);
        }
        other.join().unwrap();
    });
}

#[test]
fn the_current_handle_is_the_one_entered_last() {
    let [outer, inner] = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    let (ours, _peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let _outer = outer.handle().enter();
    {
        let _inner = inner.handle().enter();
    }
    assert!(poll_byte(&socket, Waker::noop()).is_pending());
    assert_eq!(
        (outer.handle().registrations(), inner.handle().registrations()),
        (1, 0)
    );
}

/// Two threads with a reactor each wait for one socket, and only one of the reactors is turned, now this one, now that:
/// both are told, and the system is asked once for each reactor, however often they wait by turns.
#[test]
fn a_socket_is_registered_wherever_it_is_waited_for() {
    let mut reactors = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    let handles = [reactors[0].handle(), reactors[1].handle()];
    let registrations = || handles.clone().map(|handle| handle.registrations());
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let mut write = socket.wait(Direction::Write, Location::caller());
    for round in 0..6 {
        let [(first, first_waker), (second, second_waker)] = [0; 2].map(|_| Wakes::new());
        {
            let _entered = handles[0].enter();
            let blocked = |_: &UnixStream| Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let cx = &mut Context::from_waker(&first_waker);
            assert!(write.poll_io(cx, blocked).is_pending());
        }
        let _entered = handles[1].enter();
        assert!(poll_byte(&socket, &second_waker).is_pending());
        assert_eq!(registrations(), [1, 1], "round {round}");
        send(&peer, b"x");
        turn_until_woken(&mut reactors[round % 2]);
        assert_eq!((first.count(), second.count()), (1, 1), "round {round}");
        assert!(matches!(poll_byte(&socket, &second_waker), Poll::Ready(Ok(b'x'))));
    }
    drop(write);
    drop(socket);
    assert_eq!(registrations(), [0, 0]);
}

#[test]
fn without_a_runtime_the_process_wide_reactor_serves() {
    watched(|| {
        assert!(Handle::current().is_none());
        let (ours, peer) = pair();
        let socket = Registration::new(ours).unwrap();
        assert!(poll_byte(&socket, Waker::noop()).is_pending());
        let sender = thread::spawn(move || send(&peer, b"x"));
        let read = poll_fn(|cx| socket.poll_io(Direction::Read, Location::caller(), cx, read_byte));
        assert_eq!(pollster::block_on(read).unwrap(), b'x');
        sender.join().unwrap();
    });
}

#[test]
fn whoever_waits_when_the_reactor_goes_is_woken_and_completes_elsewhere() {
    watched(|| {
        let reactor = Reactor::new().unwrap();
        let (ours, peer) = pair();
        let socket = Registration::new(ours).unwrap();
        let (wakes, waker) = Wakes::new();
        {
            let _entered = reactor.handle().enter();
            assert!(poll_byte(&socket, &waker).is_pending());
        }
        let handle = reactor.handle();
        drop(reactor);
        assert_eq!(wakes.count(), 1);
        assert!(handle.is_closed());
        assert_eq!(handle.registrations(), 0);
        // What came while nobody listened is reported all the same.
        send(&peer, b"x");
        let read = poll_fn(|cx| socket.poll_io(Direction::Read, Location::caller(), cx, read_byte));
        assert_eq!(pollster::block_on(read).unwrap(), b'x');

        let mut next = Reactor::new().unwrap();
        let socket = Registration::new(socket.into_inner().unwrap()).unwrap();
        let _entered = next.handle().enter();
        assert!(poll_byte(&socket, &waker).is_pending());
        send(&peer, b"y");
        turn_until_woken(&mut next);
        assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'y'))));
    });
}

#[test]
fn waiting_in_a_runtime_that_shuts_down_is_an_error_that_says_so() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let [(before, _peer), (after, _other_peer)] = [pair(), pair()];
    let before = Registration::new(before).unwrap();
    let (wakes, waker) = Wakes::new();
    assert!(poll_byte(&before, &waker).is_pending());
    drop(reactor);
    assert_eq!(wakes.count(), 1);
    for socket in [before, Registration::new(after).unwrap()] {
        let Poll::Ready(Err(error)) = poll_byte(&socket, &waker) else {
            panic!("there is no reactor to wait with");
        };
        assert!(is_shutdown(&error), "{error}");
        assert!(!is_shutdown(&io::Error::other("something else")));
    }
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, as this test wants");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else_when_the_reactor_goes() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let sockets = [pair(), pair(), pair()].map(|(ours, peer)| (Registration::new(ours).unwrap(), peer));
    let (wakes, waker) = Wakes::new();
    for (waker, (socket, _)) in [waker.clone(), Arc::new(Panics).into(), waker]
        .iter()
        .zip(&sockets)
    {
        let mut wait = socket.wait(Direction::Read, Location::caller());
        assert!(
            wait.poll_io(&mut Context::from_waker(waker), read_byte)
                .is_pending()
        );
        assert!(poll_byte(socket, waker).is_pending());
    }
    drop(reactor);
    assert_eq!(wakes.count(), 2);
}
