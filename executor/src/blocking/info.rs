//! What can be seen of a blocking pool.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use reveille_context::task::TaskId;

/// A job that is queued or runs.
#[derive(Clone, Debug)]
pub(crate) struct JobInfo {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
    /// `None` while it is queued.
    pub(crate) running_for: Option<Duration>,
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
