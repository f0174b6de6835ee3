//! The identity of tasks, and which of them this thread is polling.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::primitive::thread_local;

/// The identity of a task: unique in the process for as long as it lives, never used again.
///
/// # Examples
///
/// ```
/// use reveille_context::task::TaskId;
///
/// let (first, second) = (TaskId::next(), TaskId::next());
/// assert_ne!(first, second);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(NonZeroU64);

impl TaskId {
    /// An id that nobody else has. Ids rise on one thread, but are not in order across threads.
    pub fn next() -> Self {
        IDS.with(|ids| {
            let (mut next, mut end) = ids.get();
            if next == end {
                // Relaxed: only uniqueness matters, nothing is published through this counter.
                next = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
                end = next + BLOCK;
            }
            ids.set((next + 1, end));
            Self(NonZeroU64::new(next).expect("task ids start at one"))
        })
    }

    /// The id as a number, for logs and traces.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// The task that this thread is polling, if any.
pub fn current() -> Option<TaskId> {
    CURRENT.with(Cell::get)
}

/// Marks `task` as the one this thread polls until the guard is dropped; what was current before comes back then.
#[must_use = "the task stops being current when the guard is dropped"]
pub fn enter(task: TaskId) -> Entered {
    Entered {
        previous: CURRENT.with(|current| current.replace(Some(task))),
    }
}

/// As [`enter`], until [`end`], which brings nothing back: for loops that poll one task after the other, around which
/// [`keep`] is called once.
#[inline]
pub fn begin(task: TaskId) {
    CURRENT.with(|current| current.set(Some(task)));
}

/// Ends what [`begin`] began: no task is current.
#[inline]
pub fn end() {
    CURRENT.with(|current| current.set(None));
}

/// The task that is current now is so again when the guard is dropped.
#[must_use = "the task comes back when the guard is dropped"]
pub fn keep() -> Entered {
    Entered { previous: current() }
}

/// What was current before comes back when this is dropped; made by [`enter`] and [`keep`].
#[derive(Debug)]
pub struct Entered {
    previous: Option<TaskId>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.previous));
    }
}

/// How many ids a thread takes at a time, so that spawning does not bounce one counter between cores.
const BLOCK: u64 = 1024;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static CURRENT: Cell<Option<TaskId>> = Cell::new(None);
    static IDS: Cell<(u64, u64)> = Cell::new((0, 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_several_threads_never_collide() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..3 * BLOCK).map(|_| TaskId::next()).collect::<Vec<_>>()))
            .collect();
        let mut ids: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        let made = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), made);
    }

    #[test]
    fn leaving_a_task_restores_the_outer_one() {
        let (outer, inner) = (TaskId::next(), TaskId::next());
        let guard = enter(outer);
        {
            let _guard = enter(inner);
            assert_eq!(current(), Some(inner));
        }
        assert_eq!(current(), Some(outer));
        drop(guard);
        assert_eq!(current(), None);
    }

    #[test]
    fn a_loop_within_a_poll_brings_its_task_back_once() {
        let outer = enter(TaskId::next());
        let before = current();
        {
            let _kept = keep();
            for task in [TaskId::next(), TaskId::next()] {
                begin(task);
                assert_eq!(current(), Some(task));
                end();
                assert_eq!(current(), None);
            }
        }
        assert_eq!(current(), before);
        drop(outer);
    }
}
