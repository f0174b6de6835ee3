//! Push and notify ∥ park ∥ a searcher gives up: no queued work while everybody sleeps.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;

use loom::thread;

use crate::multi_thread::idle::Idle;
use crate::primitive::{Mutex, Ordering, SegQueue, Thread, current_thread, lock, park_thread};

/// Workers that do what `worker.rs` does, with one queue for all.
struct Yard {
    idle: Idle,
    queue: SegQueue<()>,
    threads: [Mutex<Option<Thread>>; 2],
    items: usize,
    taken: Counter,
}

impl Yard {
    fn new(workers: usize, items: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            queue: SegQueue::new(),
            threads: [Mutex::new(None), Mutex::new(None)],
            items,
            taken: Counter::new(0),
        })
    }

    fn push(&self) {
        self.queue.push(());
        self.notify();
    }

    fn notify(&self) {
        if let Some(worker) = self.idle.notify() {
            self.unpark(worker);
        }
    }

    fn unpark(&self, worker: usize) {
        let thread = lock(&self.threads[worker]).clone();
        thread.expect("a parked worker has said who it is").unpark();
    }

    fn is_done(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == self.items
    }

    /// What was taken keeps its worker until all is taken: the rest needs somebody else.
    fn run(&self, workers: usize) {
        if self.taken.fetch_add(1, Ordering::Relaxed) + 1 == self.items {
            (0..workers).for_each(|worker| self.unpark(worker));
        }
        while !self.is_done() {
            park_thread();
        }
    }

    fn work(&self, worker: usize, workers: usize) {
        let mut searching = false;
        while !self.is_done() {
            if searching || self.idle.start_search(worker) {
                searching = true;
                if self.queue.pop().is_some() {
                    searching = false;
                    if self.idle.end_search(worker) && !self.queue.is_empty() {
                        self.notify();
                    }
                    self.run(workers);
                    continue;
                }
            }
            let must_look = self.idle.announce(worker, mem::take(&mut searching));
            if !(must_look && !self.queue.is_empty() || self.is_done()) {
                park_thread();
            }
            searching = self.idle.retract(worker);
        }
    }

    fn start(self: &Arc<Self>, worker: usize, workers: usize) -> thread::JoinHandle<()> {
        let yard = self.clone();
        thread::spawn(move || {
            *lock(&yard.threads[worker]) = Some(current_thread());
            yard.work(worker, workers);
        })
    }
}

#[test]
fn a_push_meets_a_worker_that_parks() {
    loom::model(|| {
        let yard = Yard::new(1, 1);
        *lock(&yard.threads[0]) = Some(current_thread());
        let pusher = thread::spawn({
            let yard = yard.clone();
            move || yard.push()
        });
        yard.work(0, 1);
        pusher.join().unwrap();
    });
}

#[test]
fn a_push_meets_a_searcher_that_has_found_something() {
    loom::model(|| {
        let yard = Yard::new(2, 2);
        *lock(&yard.threads[0]) = Some(current_thread());
        *lock(&yard.threads[1]) = Some(current_thread());
        // What the searcher finds.
        yard.queue.push(());
        let other = yard.start(1, 2);
        let pusher = thread::spawn({
            let yard = yard.clone();
            move || yard.push()
        });
        yard.work(0, 2);
        pusher.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn two_pushes_meet_two_workers() {
    let mut search = loom::model::Builder::new();
    search.preemption_bound = Some(search.preemption_bound.map_or(2, |bound| bound.min(2)));
    search.check(|| {
        let yard = Yard::new(2, 2);
        let workers = [0, 1].map(|worker| {
            *lock(&yard.threads[worker]) = Some(current_thread());
            yard.start(worker, 2)
        });
        yard.push();
        yard.push();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
