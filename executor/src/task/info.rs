//! What a monitor, a shutdown report and a dump say of a task.

use std::panic::Location;
use std::sync::Arc;

use reveille_context::task::TaskId;

/// A snapshot of a task that is not dropped yet.
///
/// See [`ShutdownReport::tasks`](crate::ShutdownReport::tasks) for an example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The task's id.
    pub id: TaskId,
    /// The name it was given.
    pub name: Option<Arc<str>>,
    /// The call that spawned it.
    pub spawned_at: &'static Location<'static>,
    /// Where it stood when somebody looked.
    pub stage: TaskStage,
}

/// Where a task stands.
///
/// See [`ShutdownReport::tasks`](crate::ShutdownReport::tasks) for an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TaskStage {
    /// It waits to be woken.
    Idle,
    /// It is in a queue, or about to be pushed there.
    Queued,
    /// A thread polls it, or drops its future.
    Running,
    /// Its future is gone.
    Complete,
}

/// A task, and what tells who waits for it. Addresses are compared, and nothing else.
pub(crate) struct Seen {
    pub(crate) info: TaskInfo,
    /// What a waker of the task has as its data.
    pub(crate) address: usize,
    /// The same of whoever waits for its output; zero if nobody does.
    pub(crate) joiner: usize,
}
