//! The reactor itself: its wait, its end, and whoever has none.

mod wakes;
mod watchdog;

use std::future::poll_fn;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use reveille_context::wake;
use reveille_reactor::{Direction, Handle, Reactor, Registration, is_shutdown};

use wakes::{Wakes, pair, poll_byte, read_byte, send};
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
    let _outer = outer.handle().enter();
    {
        let _inner = inner.handle().enter();
    }
    let (ours, _peer) = pair();
    let socket = Registration::new(ours).unwrap();
    assert!(poll_byte(&socket, Waker::noop()).is_pending());
    assert_eq!(
        (outer.handle().registrations(), inner.handle().registrations()),
        (1, 0)
    );
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
fn waiting_in_a_runtime_that_shuts_down_is_an_error_that_says_so() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let [(before, _peer), (after, _other_peer)] = [pair(), pair()];
    let before = Registration::new(before).unwrap();
    let (wakes, waker) = Wakes::new();
    assert!(poll_byte(&before, &waker).is_pending());
    drop(reactor);
    assert_eq!(wakes.count(), 1);
    // Where a socket is registered when it is made, making it says so.
    let after = Registration::new(after)
        .map_or_else(|error| Poll::Ready(Err(error)), |after| poll_byte(&after, &waker));
    for outcome in [poll_byte(&before, &waker), after] {
        let Poll::Ready(Err(error)) = outcome else {
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
