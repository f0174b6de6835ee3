//! A wait that ends to the nanosecond is a wait like any other: it ends for events and notifications, and gives each
//! event once.

mod wakes;
mod watchdog;

use std::task::Waker;
use std::thread;
use std::time::Duration;

use reveille_reactor::{Reactor, Registration};

use wakes::{Wakes, pair, poll_byte, send};
use watchdog::watched;

const HOUR: Duration = Duration::from_secs(3600);

fn precise() -> Reactor {
    let mut reactor = Reactor::new().unwrap();
    reactor.wait_precisely();
    reactor
}

#[test]
fn an_event_ends_it_before_its_time() {
    watched(|| {
        let mut reactor = precise();
        let _entered = reactor.handle().enter();
        let (ours, peer) = pair();
        let socket = Registration::connecting(ours).unwrap();
        let (wakes, waker) = Wakes::new();
        assert!(poll_byte(&socket, &waker).is_pending());
        let sender = thread::spawn(move || send(&peer, b"x"));
        while wakes.count() == 0 {
            let mut woken = Vec::new();
            reactor.turn(Some(HOUR), &mut woken).unwrap();
            woken.into_iter().for_each(Waker::wake);
        }
        sender.join().unwrap();
        assert!(poll_byte(&socket, Waker::noop()).is_ready());
    });
}

#[test]
fn a_notification_ends_it_however_early_it_came() {
    watched(|| {
        let mut reactor = precise();
        let notifier = reactor.notifier();
        notifier.notify();
        reactor.turn(Some(HOUR), &mut Vec::new()).unwrap();
        let other = thread::spawn(move || notifier.notify());
        reactor.turn(Some(HOUR), &mut Vec::new()).unwrap();
        other.join().unwrap();
    });
}

#[test]
fn what_came_before_does_not_come_again_when_the_time_is_over() {
    watched(|| {
        let mut reactor = precise();
        let _entered = reactor.handle().enter();
        let (ours, peer) = pair();
        let socket = Registration::connecting(ours).unwrap();
        assert!(poll_byte(&socket, Waker::noop()).is_pending());
        send(&peer, b"x");
        let mut woken = Vec::new();
        while woken.is_empty() {
            reactor.turn(Some(HOUR), &mut woken).unwrap();
        }
        assert!(poll_byte(&socket, Waker::noop()).is_ready());
        assert!(poll_byte(&socket, Waker::noop()).is_pending());
        woken.clear();
        reactor.turn(Some(Duration::from_nanos(1)), &mut woken).unwrap();
        assert!(woken.is_empty(), "an event came twice");
    });
}
