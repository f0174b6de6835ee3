//! Where tasks go that no worker pushed, and those for which a worker's own queue has no room.

use std::collections::VecDeque;

use crate::primitive::{AtomicUsize, Mutex, Ordering, lock};
use crate::task::Runnable;

/// A queue for any thread, first in, first out.
///
/// Behind a lock, under which nothing but pointers is moved: many tasks come and go at the price of one, and one costs less
/// than in a queue without a lock.
pub(super) struct Injector {
    queue: Mutex<VecDeque<Runnable>>,
    /// How many there are; written under the lock.
    len: AtomicUsize,
}

impl Injector {
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(VecDeque::new()),
            len: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(super) fn push(&self, task: Runnable) {
        self.change(|queue| queue.push_back(task));
    }

    pub(super) fn extend(&self, tasks: Box<[Runnable]>) {
        self.change(|queue| queue.extend(tasks));
    }

    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        // As far as this thread knows: who is about to sleep asks once more, after a fence.
        if self.is_empty() {
            return None;
        }
        self.change(VecDeque::pop_front)
    }

    /// Takes the first `count` tasks, or as many as there are.
    pub(super) fn take(&self, count: usize, put: impl FnMut(Runnable)) {
        if count > 0 {
            self.change(|queue| queue.drain(..count.min(queue.len())).for_each(put));
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        // Relaxed, as in `is_empty`.
        self.len.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: nothing is taken. Who may sleep on the answer has a fence before it (`idle.rs`), as has who pushed after it.
        self.len() == 0
    }

    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut VecDeque<Runnable>) -> R) -> R {
        let mut queue = lock(&self.queue);
        let result = change(&mut queue);
        self.len.store(queue.len(), Ordering::Relaxed);
        result
    }
}
