//! Aborting a task without waiting for it.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use reveille_context::task::TaskId;

use super::reference::Task;

// BOOK: ch10
/// The right to abort a task, apart from its [`JoinHandle`](crate::JoinHandle), which makes it. It can be cloned; dropping
/// it does nothing.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let task = spawn(std::future::pending::<()>());
///     let abort = task.abort_handle();
///     abort.abort();
///     assert!(task.await.unwrap_err().is_cancelled());
///     assert!(abort.is_finished());
/// });
/// ```
#[derive(Clone)]
pub struct AbortHandle {
    task: Task,
}

impl AbortHandle {
    pub(super) fn new(task: Task) -> Self {
        Self { task }
    }

    /// Asks the runtime to drop the task's future instead of polling it again; nothing if the task has completed.
    ///
    /// See [`AbortHandle`] for an example.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Whether the task has completed, by returning, panicking or being cancelled.
    ///
    /// See [`AbortHandle`] for an example.
    pub fn is_finished(&self) -> bool {
        self.task.header().state.is_complete()
    }

    /// The task's id.
    ///
    /// See [`JoinHandle::id`](crate::JoinHandle::id) for an example.
    pub fn id(&self) -> TaskId {
        self.task.id()
    }
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
