//! Push and notify ∥ park ∥ a searcher gives up: no queued work while everybody sleeps.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;

use loom::thread;

use super::nowhere::{Nowhere, run};
use crate::multi_thread::idle::Idle;
use crate::multi_thread::injector::Injector;
use crate::primitive::{Mutex, Ordering, SegQueue, Thread, current_thread, lock, park_thread};

/// What is pushed to, and looked at, in one of the two ways that `Idle` knows.
trait Queue: Send + Sync + 'static {
    fn new() -> Self;

    /// Pushes, and finds out who is to be unparked for it.
    fn push<const GROUP: usize>(&self, idle: &Idle<GROUP>) -> Option<usize>;

    fn pop(&self) -> bool;

    fn is_empty(&self) -> bool;
}

/// By fences, as the workers' own queues.
struct Fenced(SegQueue<()>);

impl Queue for Fenced {
    fn new() -> Self {
        Self(SegQueue::new())
    }

    fn push<const GROUP: usize>(&self, idle: &Idle<GROUP>) -> Option<usize> {
        self.0.push(());
        idle.notify()
    }

    fn pop(&self) -> bool {
        self.0.pop().is_some()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Under a lock, as the injector.
struct Locked(Injector, Arc<Nowhere>);

impl Queue for Locked {
    fn new() -> Self {
        Self(Injector::new(), Nowhere::new())
    }

    fn push<const GROUP: usize>(&self, idle: &Idle<GROUP>) -> Option<usize> {
        let pushed = self.0.push(self.1.new_task());
        let claimed = idle.notify_under_lock();
        drop(pushed);
        claimed
    }

    fn pop(&self) -> bool {
        self.0.pop().map(run).is_some()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Workers that do what `worker.rs` does, with one queue for all.
struct Yard<Q, const GROUP: usize> {
    idle: Idle<GROUP>,
    queue: Q,
    threads: [Mutex<Option<Thread>>; 2],
    items: usize,
    taken: Counter,
}

impl<Q: Queue, const GROUP: usize> Yard<Q, GROUP> {
    fn new(workers: usize, items: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            queue: Q::new(),
            threads: [Mutex::new(None), Mutex::new(None)],
            items,
            taken: Counter::new(0),
        })
    }

    fn push(&self) {
        self.unpark_if(self.queue.push(&self.idle));
    }

    fn unpark_if(&self, claimed: Option<usize>) {
        if let Some(worker) = claimed {
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
                if self.queue.pop() {
                    searching = false;
                    if self.idle.end_search(worker) && !self.queue.is_empty() {
                        self.unpark_if(self.idle.notify());
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

fn a_push_meets_a_worker_that_parks<Q: Queue, const GROUP: usize>() {
    loom::model(|| {
        let yard = Yard::<Q, GROUP>::new(1, 1);
        *lock(&yard.threads[0]) = Some(current_thread());
        let pusher = thread::spawn({
            let yard = yard.clone();
            move || yard.push()
        });
        yard.work(0, 1);
        pusher.join().unwrap();
    });
}

fn a_push_meets_a_searcher_that_has_found_something<Q: Queue, const GROUP: usize>() {
    loom::model(|| {
        let yard = Yard::<Q, GROUP>::new(2, 2);
        *lock(&yard.threads[0]) = Some(current_thread());
        *lock(&yard.threads[1]) = Some(current_thread());
        // What the searcher finds. Nobody is parked yet.
        assert_eq!(yard.queue.push(&yard.idle), None);
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

fn two_pushes_meet_two_workers<Q: Queue, const GROUP: usize>() {
    let mut search = loom::model::Builder::new();
    search.preemption_bound = Some(search.preemption_bound.map_or(2, |bound| bound.min(2)));
    search.check(|| {
        let yard = Yard::<Q, GROUP>::new(2, 2);
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

mod by_fences {
    use super::Fenced;

    #[test]
    fn a_push_meets_a_worker_that_parks() {
        super::a_push_meets_a_worker_that_parks::<Fenced, 48>();
    }

    #[test]
    fn a_push_meets_a_searcher_that_has_found_something() {
        super::a_push_meets_a_searcher_that_has_found_something::<Fenced, 48>();
    }

    #[test]
    fn a_push_meets_a_searcher_of_another_group() {
        super::a_push_meets_a_searcher_that_has_found_something::<Fenced, 1>();
    }

    #[test]
    fn two_pushes_meet_two_workers() {
        super::two_pushes_meet_two_workers::<Fenced, 48>();
    }

    #[test]
    fn two_pushes_meet_two_groups() {
        super::two_pushes_meet_two_workers::<Fenced, 1>();
    }
}

mod under_a_lock {
    use super::Locked;

    #[test]
    fn a_push_meets_a_worker_that_parks() {
        super::a_push_meets_a_worker_that_parks::<Locked, 48>();
    }

    #[test]
    fn a_push_meets_a_searcher_that_has_found_something() {
        super::a_push_meets_a_searcher_that_has_found_something::<Locked, 48>();
    }

    #[test]
    fn a_push_meets_a_searcher_of_another_group() {
        super::a_push_meets_a_searcher_that_has_found_something::<Locked, 1>();
    }

    #[test]
    fn two_pushes_meet_two_workers() {
        super::two_pushes_meet_two_workers::<Locked, 48>();
    }

    #[test]
    fn two_pushes_meet_two_groups() {
        super::two_pushes_meet_two_workers::<Locked, 1>();
    }
}
