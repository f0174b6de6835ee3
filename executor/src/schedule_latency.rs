//! How long tasks lie in queues: a sample of them, on their way through whatever queues they take.
//!
//! Of the tasks that a thread queues, every [`EVERY`]th is marked, in a bit beside its place (`task/place.rs`), and the
//! time noted. The mark goes where the task goes: through the worker's queue or another's, the injector, a mailbox, and
//! the hands of a thief. Whoever polls it finds the mark in a word that it reads anyway. So a task that is not marked
//! costs a countdown in a thread-local when it is queued, and a test of a bit when it is polled; two that are marked
//! do not get into each other's way.
//!
//! By count, not by time or after each sleep: a task's chance to be marked must not depend on whether it comes first or
//! last in a burst. A prime number, so that it does not fall into step with what the program does.

use std::cell::Cell;
// std's in every build, as those of `counters`.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use reveille_context::task::TaskId;

use crate::metrics::{LATENCY_BUCKETS, LatencyHistogram};
use crate::primitive::{Mutex, lock, thread_local, try_lock};

/// One in so many tasks that are queued is marked.
pub(crate) const EVERY: u32 = 127;

/// How many marked tasks may be queued at a time. More are not needed to know how long the queues are.
const PENDING: usize = 64;

thread_local! {
    /// How many tasks this thread queues before it marks one.
    static LEFT: Cell<u32> = Cell::new(EVERY);
}

/// Whether the task that this thread is about to queue is to be marked.
#[inline]
pub(crate) fn is_due() -> bool {
    LEFT.try_with(|left| {
        let now = left.get() - 1;
        left.set(now);
        if now == 0 {
            left.set(EVERY);
        }
        now == 0
    })
    .unwrap_or(false)
}

/// The latencies of one runtime.
pub(crate) struct ScheduleLatency {
    counts: [AtomicU64; LATENCY_BUCKETS],
    /// The marked tasks.
    pending: Mutex<Vec<Marked>>,
}

/// A task that is noted.
struct Marked {
    task: TaskId,
    /// Whether it is its mail that is; the task may be queued beside.
    by_mail: bool,
    queued_at: Instant,
}

impl ScheduleLatency {
    pub(crate) fn new() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            pending: Mutex::new(Vec::new()),
        }
    }

    /// A task is about to be queued, or sent by mail. Whether it may be marked.
    #[cold]
    pub(crate) fn begin(&self, task: TaskId, by_mail: bool) -> bool {
        // A sample is not worth a wait.
        let Some(mut pending) = try_lock(&self.pending) else {
            return false;
        };
        let room = pending.len() < PENDING;
        if room {
            let queued_at = Instant::now();
            pending.push(Marked {
                task,
                by_mail,
                queued_at,
            });
        }
        room
    }

    /// A marked task is about to be polled.
    #[cold]
    pub(crate) fn end(&self, task: TaskId) {
        let now = Instant::now();
        if let Some(marked) = self.take(task, false) {
            let bucket = LatencyHistogram::bucket(now.saturating_duration_since(marked.queued_at));
            self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A marked mail was opened: its task is queued for it now, or is not.
    #[cold]
    pub(crate) fn arrive(&self, task: TaskId, is_queued: bool) {
        let Some(marked) = self.take(task, true) else {
            return;
        };
        if is_queued {
            let by_mail = false;
            lock(&self.pending).push(Marked { by_mail, ..marked });
        }
    }

    fn take(&self, task: TaskId, by_mail: bool) -> Option<Marked> {
        let mut pending = lock(&self.pending);
        let found = pending
            .iter()
            .position(|marked| marked.task == task && marked.by_mail == by_mail);
        found.map(|index| pending.swap_remove(index))
    }

    pub(crate) fn histogram(&self) -> LatencyHistogram {
        LatencyHistogram::from(std::array::from_fn(|bucket| {
            self.counts[bucket].load(Ordering::Relaxed)
        }))
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn one_in_every_so_many_is_due() {
        let due = |count| (0..count).filter(|_| is_due()).count();
        assert_eq!(due(EVERY * 10), 10);
        assert_eq!(due(EVERY - 1) + due(1), 1);
    }

    #[test]
    fn marked_tasks_that_are_queued_at_once_are_told_apart() {
        let latency = ScheduleLatency::new();
        let tasks: Vec<_> = (0..PENDING).map(|_| TaskId::next()).collect();
        assert!(tasks.iter().all(|task| latency.begin(*task, false)));
        assert!(!latency.begin(TaskId::next(), false), "there was no room");
        for (index, task) in tasks.iter().enumerate() {
            latency.end(*task);
            assert_eq!(latency.histogram().count(), index as u64 + 1);
        }
        assert!(latency.begin(TaskId::next(), false));
    }

    #[test]
    fn a_mail_that_queues_nothing_is_no_latency_and_one_that_does_counts_from_when_it_was_sent() {
        let (latency, task) = (ScheduleLatency::new(), TaskId::next());
        assert!(latency.begin(task, false));
        assert!(latency.begin(task, true));
        latency.arrive(task, false);
        assert_eq!(latency.histogram().count(), 0);
        latency.end(task);
        assert_eq!(latency.histogram().count(), 1);
        assert!(latency.begin(task, true));
        latency.arrive(task, true);
        latency.end(task);
        assert_eq!(latency.histogram().count(), 2);
    }
}
