//! The seat: its own thread leaves, asks and takes ∥ a substitute takes and gives up. One sits at a time, and nobody is
//! forgotten.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::Waker;

use loom::thread;

use crate::entry::Entry;
use crate::multi_thread::seat::Seat;
use crate::primitive::{Ordering, park_thread};
use crate::{Park, ThreadPark};

struct Chair {
    seat: Seat,
    seated: Counter,
    unparker: Waker,
}

impl Chair {
    fn new(park: &ThreadPark) -> Arc<Self> {
        Arc::new(Self {
            seat: Seat::new(),
            seated: Counter::new(0),
            unparker: park.unparker(),
        })
    }

    fn entry(&self) -> Arc<Entry> {
        let entry = Arc::new(Entry::new(self.unparker.clone()));
        entry.take_woken();
        entry
    }

    fn try_take(&self, entry: &Arc<Entry>) -> bool {
        let taken = self.seat.try_take(entry);
        if taken {
            let before = self.seated.fetch_add(1, Ordering::Relaxed);
            assert_eq!(before, 0, "two threads work one shard");
        }
        taken
    }

    fn leave(&self) {
        self.seated.fetch_sub(1, Ordering::Relaxed);
        self.seat.leave();
    }

    /// As `Worker::follow`.
    fn come_back(&self, entry: &Arc<Entry>) {
        self.seat.ask(entry);
        self.unparker.wake_by_ref();
        while !self.try_take(entry) {
            park_thread();
        }
    }

    /// A substitute that has nothing to run, as `Worker::work`: it parks until it is asked for something.
    fn stand_in(&self, park: &mut ThreadPark) {
        let entry = self.entry();
        if !self.try_take(&entry) {
            return;
        }
        while !self.seat.is_wanted() {
            park.park(None, &mut Vec::new());
        }
        self.leave();
    }
}

#[test]
fn a_thread_that_comes_back_meets_a_substitute() {
    loom::model(|| {
        let mut park = ThreadPark::new();
        let chair = Chair::new(&park);
        let own = chair.entry();
        assert!(chair.try_take(&own));
        chair.leave();
        let substitute = thread::spawn({
            let chair = chair.clone();
            move || chair.stand_in(&mut park)
        });
        chair.come_back(&own);
        assert!(!chair.seat.is_wanted(), "the next substitute would leave at once");
        substitute.join().unwrap();
    });
}

#[test]
fn a_thread_that_comes_back_meets_two_substitutes() {
    loom::model(|| {
        let mut park = ThreadPark::new();
        let chair = Chair::new(&park);
        let own = chair.entry();
        assert!(chair.try_take(&own));
        chair.leave();
        // The first blocks in turn, and a second takes its place.
        let substitute = thread::spawn({
            let chair = chair.clone();
            move || {
                let entry = chair.entry();
                if chair.try_take(&entry) {
                    chair.leave();
                    let second = thread::spawn({
                        let chair = chair.clone();
                        move || chair.stand_in(&mut park)
                    });
                    if chair.try_take(&entry) {
                        chair.leave();
                    }
                    second.join().unwrap();
                }
            }
        });
        chair.come_back(&own);
        substitute.join().unwrap();
    });
}
