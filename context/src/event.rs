//! The hook into which a recorder plugs: what happens in a runtime, said once, where it happens.

use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cause::Cause;
use crate::task::TaskId;
use crate::wake;

/// Something that happened on the thread that [`emit`]s it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A task was spawned.
    Spawn {
        /// The new task.
        task: TaskId,
        /// The call of `spawn`.
        location: &'static Location<'static>,
    },
    /// A poll begins.
    PollStart {
        /// The task that is polled.
        task: TaskId,
    },
    /// A poll ended.
    PollEnd {
        /// The task that was polled.
        task: TaskId,
        /// Whether the task is complete now.
        ready: bool,
    },
    /// A task was woken.
    Wake {
        /// The task that was woken.
        task: TaskId,
        /// Who woke it.
        cause: Cause,
        /// Whether this wake put it into a queue or a mailbox; otherwise it was there already, running, or complete.
        scheduled: bool,
    },
}

/// Takes events, on the thread on which they happen. It must not block and must not call into the runtime.
pub trait Recorder: Send + Sync {
    /// Takes one event.
    fn record(&self, event: Event);
}

/// Installs the process's recorder, for good, and switches it on. Gives it back if there is one already.
pub fn install(recorder: Box<dyn Recorder>) -> Result<(), Box<dyn Recorder>> {
    RECORDER.set(recorder)?;
    enable(true);
    Ok(())
}

/// Switches recording on or off; without a recorder this does nothing.
pub fn enable(on: bool) {
    // Relaxed: `OnceLock` publishes the recorder itself, this is only the switch.
    ENABLED.store(on && RECORDER.get().is_some(), Ordering::Relaxed);
}

/// Hands an event to the recorder. With none, this is one relaxed load and `event` is never called.
#[inline]
pub fn emit(event: impl FnOnce() -> Event) {
    if ENABLED.load(Ordering::Relaxed) {
        record(event());
    }
}

#[cold]
fn record(event: Event) {
    if let Some(recorder) = RECORDER.get() {
        // Events are told in the middle of transitions, which a panic would leave half done.
        wake::contain(|| recorder.record(event));
    }
}

static ENABLED: AtomicBool = AtomicBool::new(false);
static RECORDER: OnceLock<Box<dyn Recorder>> = OnceLock::new();

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    struct Keep;

    impl Recorder for Keep {
        fn record(&self, event: Event) {
            if let Event::PollStart { task } = event {
                SEEN.lock().unwrap().push(task.get());
            }
        }
    }

    #[test]
    fn events_reach_the_recorder_only_while_it_is_on() {
        let task = TaskId::next();
        emit(|| unreachable!("there is no recorder"));
        assert!(install(Box::new(Keep)).is_ok());
        emit(|| Event::PollStart { task });
        enable(false);
        emit(|| unreachable!("the recorder is off"));
        assert!(install(Box::new(Keep)).is_err(), "a second recorder was taken");
        assert_eq!(*SEEN.lock().unwrap(), [task.get()]);
    }
}
