//! Where tasks go that no worker pushed, and those for which a worker's own queue has no room.

use std::collections::VecDeque;

use crate::primitive::{AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use crate::task::Runnable;

/// A queue for any thread, first in, first out.
///
/// Behind a lock, under which nothing but pointers is moved: many tasks come and go at the price of one, and one costs less
/// than in a queue without a lock. And what is done under it, before the lock is given up, comes before anybody finds the task.
pub(super) struct Injector {
    queue: Mutex<VecDeque<Runnable>>,
    /// How many there are; written under the lock.
    len: AtomicUsize,
}

/// A task was pushed, and nobody finds it before this is dropped. By then the injector may be gone (rule H).
#[must_use]
pub(super) struct Pushed<'a> {
    _queue: MutexGuard<'a, VecDeque<Runnable>>,
}

impl Injector {
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(VecDeque::new()),
            len: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(super) fn push(&self, task: Runnable) -> Pushed<'_> {
        let mut queue = lock(&self.queue);
        queue.push_back(task);
        self.len.store(queue.len(), Ordering::Relaxed);
        Pushed { _queue: queue }
    }

    pub(super) fn extend(&self, tasks: Box<[Runnable]>) {
        self.change(|queue| queue.extend(tasks));
    }

    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        if self.seems_empty() {
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
        // Relaxed: nothing is taken.
        self.len.load(Ordering::Relaxed)
    }

    /// As far as this thread knows: who may sleep on the answer asks [`is_empty`](Self::is_empty).
    #[inline]
    pub(super) fn seems_empty(&self) -> bool {
        // Relaxed, as above.
        self.len.load(Ordering::Relaxed) == 0
    }

    /// For who says first, to those who push, that it may sleep: what they push after that they tell (`idle.rs`).
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.queue).is_empty()
    }

    /// For tests: whether somebody keeps a task from being found just now.
    #[cfg(all(test, not(any(loom, shuttle))))]
    pub(super) fn is_locked(&self) -> bool {
        self.queue.try_lock().is_err()
    }

    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut VecDeque<Runnable>) -> R) -> R {
        let mut queue = lock(&self.queue);
        let result = change(&mut queue);
        self.len.store(queue.len(), Ordering::Relaxed);
        result
    }
}
