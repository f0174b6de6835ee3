//! Why wakes happen: whoever dispatches them says so here, and whoever records them asks.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::event::{self, Readiness};
use crate::primitive::thread_local;
use crate::task::{self, TaskId};

// BOOK: ch13
/// What makes this thread wake tasks just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A task that is being polled, or just ends.
    Task(TaskId),
    /// A source of readiness.
    #[expect(missing_docs, reason = "as of an event")]
    Io { source: usize, ready: Readiness },
    /// A timer that came due.
    Timer(u64),
    /// A task that is to be cancelled.
    Abort,
    /// A budget that is used up.
    Budget,
    /// Code that no runtime of ours is running.
    Foreign,
}

/// The cause in force on this thread: the one set by [`with`], else the current task, else [`Cause::Foreign`].
pub fn current() -> Cause {
    // A wake may come when a thread's locals are gone.
    let set = CURRENT.try_with(Cell::get).ok().flatten();
    set.or_else(|| task::current().map(Cause::Task))
        .unwrap_or(Cause::Foreign)
}

/// Runs `dispatch` with `cause` in force, if anybody records; the one before comes back, also after a panic.
#[inline]
pub fn with<R>(cause: Cause, dispatch: impl FnOnce() -> R) -> R {
    if event::is_on() {
        with_set(cause, dispatch)
    } else {
        dispatch()
    }
}

/// A waker that wakes as `waker` does, with `cause` in force; while nobody records, `waker` itself.
#[inline]
pub fn attach(waker: Waker, cause: impl FnOnce() -> Cause) -> Waker {
    if event::is_on() {
        attached(waker, cause())
    } else {
        waker
    }
}

#[cold]
#[inline(never)]
fn with_set<R>(cause: Cause, dispatch: impl FnOnce() -> R) -> R {
    struct Restore(Option<Cause>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = CURRENT.try_with(|current| current.set(self.0));
        }
    }
    let before = CURRENT.try_with(|current| current.replace(Some(cause)));
    let _restore = Restore(before.ok().flatten());
    dispatch()
}

#[cold]
#[inline(never)]
fn attached(waker: Waker, cause: Cause) -> Waker {
    Arc::new(Attached { waker, cause }).into()
}

struct Attached {
    waker: Waker,
    cause: Cause,
}

impl Wake for Attached {
    fn wake(self: Arc<Self>) {
        with(self.cause, || match Arc::try_unwrap(self) {
            // So that a waker which is called once is not dropped beside.
            Ok(alone) => alone.waker.wake(),
            Err(shared) => shared.waker.wake_by_ref(),
        });
    }

    fn wake_by_ref(self: &Arc<Self>) {
        with(self.cause, || self.waker.wake_by_ref());
    }
}

thread_local! {
    static CURRENT: Cell<Option<Cause>> = Cell::new(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_cause_counts() {
        assert_eq!(current(), Cause::Foreign);
        let id = TaskId::next();
        let _task = task::enter(id);
        assert_eq!(current(), Cause::Task(id));
        with_set(Cause::Timer(7), || {
            assert_eq!(current(), Cause::Timer(7));
            with_set(Cause::Abort, || assert_eq!(current(), Cause::Abort));
            assert_eq!(current(), Cause::Timer(7));
        });
        assert_eq!(current(), Cause::Task(id));
    }

    #[test]
    fn a_waker_with_a_cause_wakes_what_it_is_made_of() {
        struct Counts(std::sync::atomic::AtomicUsize);
        impl Wake for Counts {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let counts = Arc::new(Counts(0.into()));
        let waker = attached(counts.clone().into(), Cause::Budget);
        waker.wake_by_ref();
        let another = waker.clone();
        another.wake();
        waker.wake();
        assert_eq!(counts.0.load(std::sync::atomic::Ordering::Relaxed), 3);
        assert_eq!(Arc::strong_count(&counts), 1);
    }
}
