//! How long an idle thread waits for work. The one place that knows the clock, and that a model checker has none.

use std::time::{Duration, Instant};

#[cfg(not(loom))]
use crate::primitive::wait_until;
#[cfg(loom)]
use crate::primitive::{AtomicBool, Ordering};
use crate::primitive::{Condvar, MutexGuard, wait};

pub(super) struct KeepAlive {
    #[cfg_attr(loom, allow(dead_code, reason = "a model has no clock"))]
    duration: Duration,
    #[cfg(loom)]
    over: AtomicBool,
}

impl KeepAlive {
    pub(super) fn new(duration: Duration) -> Self {
        Self {
            duration,
            #[cfg(loom)]
            over: AtomicBool::new(false),
        }
    }
}

#[cfg(not(loom))]
impl KeepAlive {
    /// When a thread that becomes idle now may end; never, if the clock does not reach so far.
    pub(super) fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.duration)
    }

    /// Waits once. Whether the deadline has passed; the thread may have been woken for work all the same.
    pub(super) fn wait<'a, T>(
        &self,
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> (MutexGuard<'a, T>, bool) {
        match deadline {
            None => (wait(condvar, guard), false),
            Some(deadline) => match wait_until(condvar, guard, deadline) {
                Ok(guard) => (guard, Instant::now() >= deadline),
                Err(guard) => (guard, true),
            },
        }
    }
}

/// A time-out is whatever moment another thread of the model chooses for it.
#[cfg(loom)]
impl KeepAlive {
    pub(super) fn deadline(&self) -> Option<Instant> {
        None
    }

    pub(super) fn wait<'a, T>(
        &self,
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        _: Option<Instant>,
    ) -> (MutexGuard<'a, T>, bool) {
        // Relaxed: it is only touched under the lock.
        if self.over.load(Ordering::Relaxed) {
            return (guard, true);
        }
        let guard = wait(condvar, guard);
        let over = self.over.load(Ordering::Relaxed);
        (guard, over)
    }

    /// Every wait, from now on, ends by time-out. To be called under the lock, and followed by a `notify_all`.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
