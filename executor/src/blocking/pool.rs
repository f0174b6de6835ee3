//! The pool as its callers see it.

use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::config::{PoolConfig, ThreadMain};
use super::info::{JobInfo, PoolMetrics};
use super::job::{Job, Record, Watched, Work};
use super::keep_alive::KeepAlive;
use super::state::State;
use super::thread;
use crate::config::Around;
use crate::primitive::{Condvar, Mutex, lock, wait, wait_until};
use crate::task::{self, Finished, JoinHandle, Of, Runnable, Schedule, Wakers};

/// Threads for blocking code, started as they are needed and ended when they are not.
///
/// Each thread and each handle of the runtime keep the pool alive; it keeps none of them, but for the
/// [`Around`], which goes with [`close`](Self::close).
pub(crate) struct BlockingPool {
    /// Never held while a job, a hook or a destructor runs.
    pub(super) state: Mutex<State>,
    /// What threads without work wait for.
    pub(super) work: Condvar,
    /// Notified when a thread ends.
    pub(super) ended: Condvar,
    pub(super) keep_alive: KeepAlive,
    pub(super) config: PoolConfig,
}

impl BlockingPool {
    pub(crate) fn new(config: PoolConfig) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::new(config.max_threads)),
            work: Condvar::new(),
            ended: Condvar::new(),
            keep_alive: KeepAlive::new(config.keep_alive),
            config,
        })
    }

    /// What is called around the work of each thread, from now on: before the first job.
    ///
    /// The pool keeps it until it is closed, and each thread until it ends. So it may refer to the pool only if whoever
    /// owns the runtime is sure to close the pool in the end; a `Weak` is the better choice.
    pub(crate) fn set_around(&self, around: Around) {
        let mut state = lock(&self.state);
        let unused = if state.closed {
            Some(around)
        } else {
            state.around.replace(around)
        };
        drop(state);
        drop(unused);
    }

    // BOOK: ch09
    /// Queues a closure for a thread of the pool. The handle may abort it until a thread has taken it; from then on it
    /// runs to its end. Once the pool is closed, or if there is no thread and none can be started, the job is
    /// cancelled at once, without a call of `closure`.
    pub(crate) fn spawn_blocking<F, R>(
        self: &Arc<Self>,
        closure: F,
        spawned_at: &'static Location<'static>,
        name: Option<Arc<str>>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.queue(closure, spawned_at, name, false)
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), for a job that [`close`](Self::close) does not cancel.
    pub(crate) fn spawn_mandatory<F, R>(
        self: &Arc<Self>,
        closure: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.queue(closure, spawned_at, None, true)
    }

    fn queue<F, R>(
        self: &Arc<Self>,
        closure: F,
        spawned_at: &'static Location<'static>,
        name: Option<Arc<str>>,
        mandatory: bool,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        // There is no table: until it runs the queue has a job, and then its thread. So nothing else has to be told
        // when it ends, and `close` finds all that did not begin in one place.
        let (_, spawned, handle) = task::new(Work::new(closure), self, spawned_at);
        task::tell_submitted(&handle);
        let job = Job {
            task: spawned.into_runnable(),
            record: Record {
                watched: Watched::of(&handle),
                name,
                spawned_at,
            },
            queued_at: Instant::now(),
            mandatory,
        };
        let pushed = lock(&self.state).push(job);
        match pushed {
            Ok(next) => self.carry_out(next),
            Err(job) => job.task.cancel(),
        }
        handle
    }

    /// Runs `work` on a thread at once, whatever runs already: an idle one, or a new one beyond the limit. For work that
    /// keeps the runtime going, as that of a worker that blocks.
    ///
    /// Gives it back if there is no thread for it, or the pool is closed.
    pub(crate) fn run_detached(self: &Arc<Self>, work: ThreadMain) -> Result<(), (io::Error, ThreadMain)> {
        let found = lock(&self.state).stand_in(work);
        match found {
            Ok(None) => {
                self.work.notify_one();
                Ok(())
            }
            Ok(Some(work)) => self.start_substitute(work),
            Err(work) => Err((io::Error::other("the runtime shuts down"), work)),
        }
    }

    /// Cancels what is queued, but for what is mandatory, and takes no more. Threads without a job end; the others end when
    /// the queue is empty.
    pub(crate) fn close(&self) {
        let (cancelled, around) = lock(&self.state).close();
        self.work.notify_all();
        for job in cancelled {
            job.task.cancel();
        }
        drop(around);
    }

    /// Waits, after [`close`](Self::close), until every thread has ended or the deadline has passed (`None`: for as long
    /// as it takes). Whether they have; what still runs ends unobserved, and its threads with it.
    ///
    /// A thread has ended here when it has nothing left to do but to return. On a thread of the pool this waits for all
    /// others.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let own = usize::from(thread::is_of(self));
        let mut state = lock(&self.state);
        while state.alive() > own {
            state = match deadline {
                None => wait(&self.ended, state),
                Some(deadline) => match wait_until(&self.ended, state, deadline) {
                    Ok(state) => state,
                    Err(state) => return state.alive() <= own,
                },
            };
        }
        true
    }

    /// How many jobs are queued or run, and a number that changes whenever there was one.
    pub(crate) fn demand(&self) -> (usize, u64) {
        lock(&self.state).demand()
    }

    /// Whether what this thread runs may be one of the pool's jobs.
    pub(crate) fn may_run_here(&self) -> bool {
        thread::may_run_job_of(self)
    }

    /// How many threads have not ended, besides this one.
    pub(crate) fn other_threads(&self) -> usize {
        let own = usize::from(thread::is_of(self));
        lock(&self.state).alive() - own
    }

    /// What is queued and what runs.
    pub(crate) fn jobs(&self) -> Vec<JobInfo> {
        self.see().into_iter().map(|(job, _)| job).collect()
    }

    /// The same, each with the address of who waits for it ([`Seen::joiner`](crate::task::Seen::joiner)).
    pub(crate) fn see(&self) -> Vec<(JobInfo, usize)> {
        lock(&self.state).jobs()
    }

    pub(crate) fn metrics(&self) -> PoolMetrics {
        lock(&self.state).metrics()
    }
}

/// A job is scheduled from its first moment until it runs, and complete when it has run. So nobody ever finds it idle, and
/// its only push is the one that [`BlockingPool::spawn_blocking`] makes itself.
impl Schedule for BlockingPool {
    const LOCAL: bool = false;
    const BOUND: bool = false;
    const TOLD: Of = Of::Jobs;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<BlockingPool> = Wakers::new();
        &WAKERS
    }

    fn push_here<const TOLD: bool>(_: &Self, task: Runnable) -> Result<(), Runnable> {
        Err(task)
    }

    type Pushed<'a> = ();

    fn push_from_elsewhere(_: &Self, _: Runnable) {
        unreachable!("a blocking job was woken, though no waker of it was ever given away");
    }

    fn release(&self, _: Finished, _: bool) {}
}
