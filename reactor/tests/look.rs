//! A look before the wait: what ends it, and that it is given up where it is in vain.

mod wakes;
mod watchdog;

use std::thread;
use std::time::{Duration, Instant};

use reveille_reactor::{Reactor, Registration};

use wakes::{Wakes, pair, poll_byte, send};
use watchdog::watched;

/// Nothing comes that late in a test.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// A reactor that looks before its next wait.
fn looking(longest: Duration) -> Reactor {
    let mut reactor = Reactor::new().unwrap();
    reactor.look_before_waiting(longest);
    while reactor.looks_and_sleeps()[0] == 0 {
        reactor.notifier().notify();
        reactor.turn(None, &mut Vec::new()).unwrap();
    }
    reactor
}

/// What ends a look that lasts for ever, from another thread, ends the wait, and nothing sleeps.
fn ends_a_look(mut reactor: Reactor, woken: usize, end: impl FnOnce() + Send) {
    let [looks, sleeps] = reactor.looks_and_sleeps();
    let mut wakers = Vec::new();
    thread::scope(|scope| {
        scope.spawn(end);
        reactor.turn(None, &mut wakers).unwrap();
    });
    assert_eq!(wakers.len(), woken);
    assert_eq!(reactor.looks_and_sleeps(), [looks + 1, sleeps]);
}

#[test]
fn a_notification_ends_a_look() {
    watched(|| {
        let reactor = looking(FOR_EVER);
        let notifier = reactor.notifier();
        ends_a_look(reactor, 0, move || notifier.notify());
    });
}

#[test]
fn an_event_ends_a_look() {
    watched(|| {
        let reactor = looking(FOR_EVER);
        let _entered = reactor.handle().enter();
        let (ours, peer) = pair();
        let socket = Registration::new(ours).unwrap();
        let (_wakes, waker) = Wakes::new();
        assert!(poll_byte(&socket, &waker).is_pending());
        // The first thing that the system reports is that there is room to write.
        let mut reactor = reactor;
        reactor.turn(Some(Duration::ZERO), &mut Vec::new()).unwrap();
        ends_a_look(reactor, 1, || send(&peer, b"x"));
    });
}

#[test]
fn a_wait_with_a_look_is_neither_longer_nor_shorter_than_one_without() {
    watched(|| {
        let mut reactor = looking(FOR_EVER);
        let [looks, sleeps] = reactor.looks_and_sleeps();
        let (timeout, start) = (Duration::from_millis(1), Instant::now());
        reactor.turn(Some(timeout), &mut Vec::new()).unwrap();
        assert!(start.elapsed() >= timeout);
        assert_eq!(reactor.looks_and_sleeps(), [looks + 1, sleeps]);
    });
}

#[test]
fn after_some_looks_in_vain_it_sleeps_at_once() {
    let mut reactor = looking(Duration::from_nanos(1));
    let [looks, sleeps] = reactor.looks_and_sleeps();
    for _ in 0..10 {
        reactor
            .turn(Some(Duration::from_millis(1)), &mut Vec::new())
            .unwrap();
    }
    let [all_looks, all_sleeps] = reactor.looks_and_sleeps();
    assert_eq!(all_looks, looks + 4);
    // On a busy machine a look may last until the time is over; the six turns without one sleep in any case.
    let slept = all_sleeps - sleeps;
    assert!((6..=10).contains(&slept), "{slept} sleeps");
}

#[test]
fn who_only_looks_does_so_once_and_who_was_not_asked_to_look_never() {
    let mut reactor = looking(FOR_EVER);
    let before = reactor.looks_and_sleeps();
    reactor.turn(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    assert_eq!(reactor.looks_and_sleeps(), before);

    let mut reactor = Reactor::new().unwrap();
    for _ in 0..10 {
        reactor.notifier().notify();
        reactor.turn(None, &mut Vec::new()).unwrap();
    }
    assert_eq!(reactor.looks_and_sleeps(), [0, 10]);
}
