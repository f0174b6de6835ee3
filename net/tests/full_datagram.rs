//! Sending to a Unix socket that is full of others' messages, of which the system tells nothing.
#![cfg(target_os = "linux")]

mod hand;
mod place;
mod watchdog;

use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use reveille_net::UnixDatagram;
use reveille_timer::{Clock, Timers};

use hand::Hand;
use place::Place;
use watchdog::watched;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A socket that is full of another one's messages, and how many there are.
fn full(place: &Place) -> (net::UnixDatagram, usize) {
    let receiver = net::UnixDatagram::bind(place.path()).unwrap();
    let other = net::UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    let mut queued = 0;
    while other.send_to(b"other", place.path()).is_ok() {
        queued += 1;
    }
    (receiver, queued)
}

#[test]
fn whoever_waits_is_not_woken_over_and_over() {
    let place = Place::new("full-datagram-wakes");
    let mut hand = Hand::new();
    // Its time stands: no pause of the sender's ends, however slow the machine is.
    let clock = Clock::new_paused();
    let mut timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
    let _entered = timers.handle().enter();
    let (receiver, queued) = full(&place);
    let sender = UnixDatagram::unbound().unwrap();
    let mut send = sender.send_to(b"ours", place.path());
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut poll = || std::pin::Pin::new(&mut send).poll(&mut Context::from_waker(&waker));
    for _ in 0..1000 {
        assert!(poll().is_pending());
        hand.settle_and_wake();
    }
    let woken = wakes.0.load(Ordering::Relaxed);
    assert!(woken <= 5, "woken {woken} times for nothing");
    assert_eq!(timers.handle().len(), 1, "it waits for time");

    for _ in 0..queued {
        receiver.recv(&mut [0; 8]).unwrap();
    }
    clock.resume();
    let mut woken = Vec::new();
    while woken.is_empty() {
        thread::sleep(timers.wait().expect("there is a timer"));
        timers.advance(&mut woken);
    }
    assert!(matches!(poll(), Poll::Ready(Ok(4))));
    assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 4);
    assert!(timers.handle().is_empty());
}

#[test]
fn it_gets_through_once_there_is_room() {
    let place = Place::new("full-datagram-room");
    let (receiver, queued) = full(&place);
    watched(|| {
        let sender = UnixDatagram::unbound().unwrap();
        let path = place.path().to_owned();
        let sending = thread::spawn(move || {
            pollster::block_on(async {
                for _ in 0..20 {
                    sender.send_to(b"ours", &path).await.unwrap();
                }
            });
        });
        let mut lengths = Vec::new();
        for _ in 0..queued + 20 {
            lengths.push(receiver.recv(&mut [0; 8]).unwrap());
        }
        sending.join().unwrap();
        assert_eq!(lengths.iter().filter(|length| **length == 4).count(), 20);
    });
}
