//! Why a task has no output.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use reveille_context::task::TaskId;

/// A task did not return: it was cancelled, or it panicked.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let task = spawn(std::future::pending::<()>());
///     task.abort();
///     assert!(task.await.unwrap_err().is_cancelled());
/// });
/// ```
pub struct JoinError {
    task: TaskId,
    reason: Reason,
}

enum Reason {
    Cancelled,
    /// Boxed, since every task's output has room for it; behind a `Mutex`, since a payload is not `Sync`.
    Panicked(Box<Mutex<Payload>>),
}

type Payload = Box<dyn Any + Send>;

impl JoinError {
    pub(super) fn cancelled(task: TaskId) -> Self {
        Self {
            task,
            reason: Reason::Cancelled,
        }
    }

    pub(super) fn panicked(task: TaskId, payload: Payload) -> Self {
        Self {
            task,
            reason: Reason::Panicked(Box::new(Mutex::new(payload))),
        }
    }

    /// Whether the task was aborted, or its runtime shut down.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.reason, Reason::Cancelled)
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.reason, Reason::Panicked(_))
    }

    /// What the task panicked with, to be handed to [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the task was cancelled; [`try_into_panic`](Self::try_into_panic) gives the error back instead.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!(
                "task {} was cancelled, it did not panic; ask `is_panic` first, or call `try_into_panic`",
                error.task
            ),
        }
    }

    /// What the task panicked with, or the error itself if it was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        match self.reason {
            Reason::Panicked(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Reason::Cancelled => Err(self),
        }
    }

    /// The id of the task that did not return.
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// Says on stderr that a task panicked and nobody will join it. A closed stderr is no reason to panic.
    pub(super) fn report_unjoined(&self, spawned_at: &Location<'_>) {
        if self.is_panic() {
            let _ = writeln!(
                std::io::stderr(),
                "reveille: {self}, and nobody joined it (spawned at {spawned_at})"
            );
        }
    }

    fn message(&self) -> Option<String> {
        let Reason::Panicked(payload) = &self.reason else {
            return None;
        };
        let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
        payload
            .downcast_ref::<&'static str>()
            .map(|message| (*message).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.reason, self.message()) {
            (Reason::Cancelled, _) => write!(f, "task {} was cancelled", self.task),
            (Reason::Panicked(_), Some(message)) => write!(f, "task {} panicked: {message}", self.task),
            (Reason::Panicked(_), None) => write!(f, "task {} panicked", self.task),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        std::io::Error::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_error_costs_an_output_two_words() {
        assert!(size_of::<JoinError>() <= 2 * size_of::<usize>().max(8));
    }
}
