//! What can be seen of a blocking pool.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use reveille_context::task::TaskId;

/// A blocking job that is queued or runs.
///
/// See [`ShutdownReport::blocking_jobs`](crate::ShutdownReport::blocking_jobs) for an example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobInfo {
    /// Its id, as its `JoinHandle` has it.
    pub id: TaskId,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// The call of `spawn_blocking`.
    pub spawned_at: &'static Location<'static>,
    /// `None` while it is queued.
    pub running_for: Option<Duration>,
}

/// The pool's numbers at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolMetrics {
    /// Threads of the pool that were started and have not ended, substitutes for workers among them.
    pub(crate) threads: usize,
    /// Those that wait for work.
    pub(crate) idle_threads: usize,
    /// Those that stand in for a worker.
    pub(crate) substitutes: usize,
    /// Jobs that no thread has begun.
    pub(crate) queue_depth: usize,
    /// Jobs that were begun, those that were aborted by then included.
    pub(crate) jobs_begun: u64,
    /// How often no thread could be started.
    pub(crate) failed_starts: u64,
    /// How long all jobs that were begun had been queued, added up.
    pub(crate) queue_latency_total: Duration,
    /// The longest that one of them had been queued.
    pub(crate) queue_latency_max: Duration,
}
