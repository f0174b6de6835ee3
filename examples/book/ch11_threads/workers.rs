//! What the workers share: their queues, and who of them is asleep. What lies in the queues does not matter here.

use std::collections::{BTreeSet, VecDeque};

use crate::parker::Parker;
use crate::primitive::{AtomicBool, AtomicUsize, Mutex, Ordering};

// ANCHOR: workers
pub(crate) struct Workers<T> {
    /// Of each worker what was pushed on it; the others take from it when they have nothing.
    own: Vec<Mutex<VecDeque<T>>>,
    /// What was pushed on any other thread.
    injected: Mutex<VecDeque<T>>,
    /// Who sleeps, or is about to.
    asleep: Mutex<BTreeSet<usize>>,
    parkers: Vec<Parker>,
    is_closed: AtomicBool,
    steals: AtomicUsize,
}
// ANCHOR_END: workers

impl<T> Workers<T> {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            own: (0..count).map(|_| Mutex::new(VecDeque::new())).collect(),
            injected: Mutex::new(VecDeque::new()),
            asleep: Mutex::new(BTreeSet::new()),
            parkers: (0..count).map(|_| Parker::new()).collect(),
            is_closed: AtomicBool::new(false),
            steals: AtomicUsize::new(0),
        }
    }

    // ANCHOR: push
    /// `worker`: who pushes, if it is one.
    pub(crate) fn push(&self, worker: Option<usize>, item: T) {
        let queue = worker.map_or(&self.injected, |worker| &self.own[worker]);
        queue.lock().unwrap().push_back(item);
        // After the push: who is woken by this must find something.
        self.unpark_one();
    }

    fn unpark_one(&self) {
        // Who is taken out is claimed: the next push claims another one.
        let claimed = self.asleep.lock().unwrap().pop_first();
        if let Some(worker) = claimed {
            self.parkers[worker].unpark();
        }
    }
    // ANCHOR_END: push

    // ANCHOR: next
    /// What the worker is to do next; sleeps until there is something. `None`: nothing any more.
    pub(crate) fn next(&self, worker: usize) -> Option<T> {
        while !self.is_closed.load(Ordering::Acquire) {
            if let Some(item) = self.find(worker) {
                return Some(item);
            }
            self.asleep.lock().unwrap().insert(worker);
            // Once more: whoever pushed after we had looked, and before we were in the list, has unparked nobody.
            let found = self.find(worker);
            if found.is_none() {
                self.parkers[worker].park();
            }
            let was_claimed = !self.asleep.lock().unwrap().remove(&worker);
            if found.is_some() {
                // Whoever claimed us relies on us, and we may have found another's item.
                if was_claimed {
                    self.unpark_one();
                }
                return found;
            }
        }
        None
    }
    // ANCHOR_END: next

    // ANCHOR: find
    fn find(&self, worker: usize) -> Option<T> {
        let own = self.own[worker].lock().unwrap().pop_front();
        own.or_else(|| self.injected.lock().unwrap().pop_front())
            .or_else(|| self.steal(worker))
    }

    /// Half of what another worker has: the first of it is returned, the rest is this one's own from now on.
    fn steal(&self, thief: usize) -> Option<T> {
        for victim in (0..self.own.len()).filter(|victim| *victim != thief) {
            let mut stolen: VecDeque<T> = {
                let mut queue = self.own[victim].lock().unwrap();
                let half = queue.len().div_ceil(2);
                queue.drain(..half).collect()
            };
            let Some(first) = stolen.pop_front() else { continue };
            self.steals.fetch_add(1, Ordering::Relaxed);
            if !stolen.is_empty() {
                // Never two of these locks at a time: two workers may steal from each other.
                self.own[thief].lock().unwrap().append(&mut stolen);
                // Who looked while they were in neither queue has seen nothing.
                self.unpark_one();
            }
            return Some(first);
        }
        None
    }
    // ANCHOR_END: find

    /// From now on there is nothing to do.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.parkers.iter().for_each(Parker::unpark);
    }

    pub(crate) fn steals(&self) -> usize {
        self.steals.load(Ordering::Relaxed)
    }
}
