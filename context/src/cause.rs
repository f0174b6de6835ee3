//! Why wakes happen: whoever dispatches them says so here, and whoever records them asks.

use std::cell::Cell;

use crate::primitive::thread_local;
use crate::task::{self, TaskId};

/// What makes this thread wake tasks just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A task that is being polled.
    Task(TaskId),
    /// A readiness event of the reactor.
    Readiness,
    /// A timer that came due.
    Timer,
    /// Code that no runtime of ours is running.
    Foreign,
}

/// The cause in force on this thread: the one set by [`with`], else the current task, else [`Cause::Foreign`].
pub fn current() -> Cause {
    CURRENT
        .with(Cell::get)
        .or_else(|| task::current().map(Cause::Task))
        .unwrap_or(Cause::Foreign)
}

/// Runs `dispatch` with `cause` in force; the one before comes back, also after a panic.
pub fn with<R>(cause: Cause, dispatch: impl FnOnce() -> R) -> R {
    struct Restore(Option<Cause>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.with(|current| current.set(self.0));
        }
    }
    let _restore = Restore(CURRENT.with(|current| current.replace(Some(cause))));
    dispatch()
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
        with(Cause::Timer, || assert_eq!(current(), Cause::Timer));
        assert_eq!(current(), Cause::Task(id));
    }
}
