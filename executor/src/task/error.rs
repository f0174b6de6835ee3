//! Why a task has no output.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use reveille_context::task::TaskId;

use super::panic_policy::PanicPolicy;

// BOOK: ch12
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
    Panicked(Box<Panicked>),
}

struct Panicked {
    /// The task's name.
    name: Option<Arc<str>>,
    payload: Mutex<Payload>,
    /// Whether a line is due if nobody joins the task.
    told_if_unjoined: bool,
}

pub(super) type Payload = Box<dyn Any + Send>;

impl JoinError {
    pub(super) fn cancelled(task: TaskId) -> Self {
        Self {
            task,
            reason: Reason::Cancelled,
        }
    }

    pub(super) fn panicked(
        task: TaskId,
        name: Option<Arc<str>>,
        payload: Payload,
        policy: PanicPolicy,
    ) -> Self {
        let panicked = Panicked {
            name,
            payload: Mutex::new(payload),
            told_if_unjoined: policy == PanicPolicy::LogIfUnjoined,
        };
        Self {
            task,
            reason: Reason::Panicked(Box::new(panicked)),
        }
    }

    /// Whether the task was aborted, or its runtime shut down.
    ///
    /// See [`JoinError`] for an example.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.reason, Reason::Cancelled)
    }

    /// Whether the task panicked.
    ///
    /// See [`into_panic`](Self::into_panic) for an example.
    pub fn is_panic(&self) -> bool {
        matches!(self.reason, Reason::Panicked(_))
    }

    /// What the task panicked with, to be handed to [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the task was cancelled; [`try_into_panic`](Self::try_into_panic) gives the error back instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let error = spawn(async { panic!("no route") as () }).await.unwrap_err();
    /// assert!(error.is_panic());
    /// let payload = error.into_panic();
    /// assert_eq!(payload.downcast_ref::<&str>(), Some(&"no route"));
    /// # });
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::resume_unwind;
    /// use reveille_executor::{CurrentThread, JoinError, ThreadPark, spawn};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let task = spawn(std::future::pending::<()>());
    /// task.abort();
    /// match task.await.map_err(JoinError::try_into_panic) {
    ///     Ok(()) => println!("it returned"),
    ///     Err(Ok(payload)) => resume_unwind(payload),
    ///     Err(Err(cancelled)) => println!("{cancelled}"),
    /// }
    /// # });
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        match self.reason {
            Reason::Panicked(panicked) => Ok(panicked
                .payload
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)),
            Reason::Cancelled => Err(self),
        }
    }

    /// The id of the task that did not return.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let task = spawn(std::future::pending::<()>());
    /// let id = task.id();
    /// task.abort();
    /// assert_eq!(task.await.unwrap_err().id(), id);
    /// # });
    /// ```
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// Says on stderr that a task panicked and nobody will join it, if that is to be said.
    pub(super) fn report_unjoined(&self, spawned_at: &Location<'_>) {
        if matches!(&self.reason, Reason::Panicked(panicked) if panicked.told_if_unjoined) {
            self.report("nobody joined it", spawned_at);
        }
    }

    /// Says on stderr that a task panicked and what follows. A closed stderr is no reason to panic.
    pub(super) fn report(&self, consequence: &str, spawned_at: &Location<'_>) {
        let _ = writeln!(
            std::io::stderr(),
            "reveille: {self}, and {consequence} (spawned at {spawned_at})"
        );
    }
}

impl Panicked {
    fn message(&self) -> Option<String> {
        let payload = self.payload.lock().unwrap_or_else(PoisonError::into_inner);
        payload
            .downcast_ref::<&'static str>()
            .map(|message| (*message).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.task)?;
        let Reason::Panicked(panicked) = &self.reason else {
            return f.write_str(" was cancelled");
        };
        if let Some(name) = &panicked.name {
            write!(f, " ({name:?})")?;
        }
        match panicked.message() {
            Some(message) => write!(f, " panicked: {message}"),
            None => f.write_str(" panicked"),
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
