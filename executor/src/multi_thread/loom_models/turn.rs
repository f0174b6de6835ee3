//! The owner parks ∥ the monitor turns its park ∥ an unpark: the turn swallows neither the unpark nor an event.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use crate::primitive::{Mutex, Ordering, lock, try_lock};
use crate::{Park, ThreadPark};

/// A park with one source of events. An event interrupts the sleep, as one does that the system waits for.
struct Device {
    inner: ThreadPark,
    event: Arc<AtomicUsize>,
    waker: Waker,
}

impl Device {
    fn collect(&mut self, woken: &mut Vec<Waker>) {
        if self.event.swap(0, Ordering::AcqRel) == 1 {
            woken.push(self.waker.clone());
        }
    }
}

impl Park for Device {
    fn enter(&mut self) {}

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        self.inner.park(timeout, woken);
        self.collect(woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.inner.turn(woken);
        self.collect(woken);
    }

    fn unparker(&self) -> Waker {
        self.inner.unparker()
    }
}

/// What the monitor does to a shard's park.
fn turn(park: &Mutex<ThreadPark>) {
    let mut woken = Vec::new();
    if let Some(mut park) = try_lock(park) {
        park.turn(&mut woken);
    }
    woken.into_iter().for_each(Waker::wake);
}

#[test]
fn a_turn_leaves_the_unpark_to_the_owner() {
    loom::model(|| {
        let park = ThreadPark::new();
        let unparker = park.unparker();
        let park = Arc::new(Mutex::new(park));
        let data = Arc::new(AtomicUsize::new(0));
        let monitor = thread::spawn({
            let park = park.clone();
            move || turn(&park)
        });
        let pusher = thread::spawn({
            let data = data.clone();
            move || {
                data.store(1, Ordering::Relaxed);
                unparker.wake();
            }
        });
        while data.load(Ordering::Relaxed) == 0 {
            lock(&park).park(None, &mut Vec::new());
        }
        monitor.join().unwrap();
        pusher.join().unwrap();
    });
}

#[test]
fn what_a_turn_collects_unparks_the_owner() {
    loom::model(|| {
        let inner = ThreadPark::new();
        let event = Arc::new(AtomicUsize::new(0));
        // Whoever collects the event, it is the owner that its waker unparks.
        let (unparker, waker) = (inner.unparker(), inner.unparker());
        let park = Arc::new(Mutex::new(Device {
            inner,
            event: event.clone(),
            waker,
        }));
        let source = thread::spawn({
            let event = event.clone();
            move || {
                event.swap(1, Ordering::AcqRel);
                unparker.wake();
            }
        });
        let monitor = thread::spawn({
            let park = park.clone();
            move || {
                let mut woken = Vec::new();
                if let Some(mut park) = try_lock(&park) {
                    park.turn(&mut woken);
                }
                let found = !woken.is_empty();
                woken.into_iter().for_each(Waker::wake);
                found
            }
        });
        let mut woken = Vec::new();
        lock(&park).park(None, &mut woken);
        source.join().unwrap();
        let by_monitor = monitor.join().unwrap();
        lock(&park).turn(&mut woken);
        assert!(
            (woken.len() == 1) != by_monitor,
            "an event was collected twice or lost"
        );
    });
}
