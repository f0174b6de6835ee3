//! The executor on several threads: workers that steal from each other, and a monitor that sees to those that are
//! stuck.
//!
//! In reading order: `worker` (the loop; **start here**), `shard` (what a worker has), `shared` (where tasks go, and how
//! they are stolen), `injector`, `idle` (who sleeps, who searches), `look` (whether it searches on before it sleeps),
//! `monitor`, `seat` and `leave` (which thread works a shard), `threads`, `finished`, `shut_down`, `metrics`.

mod finished;
mod idle;
mod injector;
mod leave;
mod look;
#[cfg(all(test, loom))]
mod loom_models;
mod metrics;
mod monitor;
mod seat;
mod shard;
mod shared;
mod shut_down;
#[cfg(all(test, shuttle))]
mod shuttle_models;
mod threads;
mod worker;

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reveille_context::event::{self, Event};

pub(crate) use leave::leave_shard;
pub(crate) use shared::Shared;

use crate::config::Config;
use crate::handle::Handle;
use crate::local;
use crate::nested::NestedBlockOn;
use crate::park::Park;
use crate::shutdown_report::{ShutdownReport, wait_and_say};

/// An executor whose tasks run on several threads, each with a [`Park`] of its own.
///
/// A worker that has nothing to run takes tasks from others. One that is kept by a long poll loses its queue and its
/// sockets to the others until it is back.
///
/// Dropping the executor cancels its tasks and waits until the polls that run now have returned.
///
/// # Examples
///
/// ```
/// use reveille_executor::{Config, MultiThread, ThreadPark, spawn};
///
/// # fn main() -> std::io::Result<()> {
/// let parks = (0..2).map(|_| ThreadPark::new());
/// let executor = MultiThread::new(parks, Config::default())?;
/// let sum = executor.block_on(async {
///     let tasks: Vec<_> = (0..10).map(|n| spawn(async move { n })).collect();
///     let mut sum = 0;
///     for task in tasks {
///         sum += task.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 45);
/// # Ok(())
/// # }
/// ```
pub struct MultiThread {
    shared: Arc<Shared>,
    /// Whether the drop waits for the end.
    waits: bool,
}

/// Each has a table of tasks, with a number of 16 bits.
const MOST_WORKERS: usize = 65_000;

impl MultiThread {
    /// An executor with a worker for each of `parks`.
    ///
    /// See [`MultiThread`] for an example.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread; for more than 65,000 parks.
    ///
    /// # Panics
    ///
    /// If there is no park.
    #[track_caller]
    pub fn new<P: Park + 'static>(parks: impl IntoIterator<Item = P>, config: Config) -> io::Result<Self> {
        let parks: Vec<Box<dyn Park>> = parks
            .into_iter()
            .map(|park| Box::new(park) as Box<dyn Park>)
            .collect();
        assert!(
            !parks.is_empty(),
            "a multi-thread executor was asked for without workers; give it at least one park"
        );
        let workers = parks.len();
        if workers > MOST_WORKERS {
            let text = format!("{workers} workers are more than the {MOST_WORKERS} that a runtime can have");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        event::emit(move || Event::RuntimeStart { workers });
        // From here on what was started is ended again if something fails.
        let executor = Self {
            shared: Arc::new(Shared::new(parks, config)),
            waits: true,
        };
        executor
            .handle()
            .make_current_in_pool(executor.shared.config.around_blocking.clone());
        for index in 0..workers {
            executor.shared.start_worker(index)?;
        }
        executor.shared.threads.wait_for_start(workers);
        executor.shared.start_monitor()?;
        Ok(executor)
    }

    /// A handle, to spawn from anywhere.
    ///
    /// See [`Handle`] for an example.
    pub fn handle(&self) -> Handle {
        Handle::multi_thread(self.shared.clone())
    }

    /// Runs `future` to its end on this thread, while the workers run the executor's tasks. What was spawned with
    /// [`spawn_local`](crate::spawn_local) inside runs on this thread too, and is cancelled before this returns.
    ///
    /// # Panics
    ///
    /// If this thread runs tasks already: [`try_block_on`](Self::try_block_on) returns an error instead. A panic of
    /// `future` comes out here; one of a task does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{Config, MultiThread, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// let mut log = Vec::new();
    /// // The future stays on this thread: it may borrow.
    /// executor.block_on(async { log.push(executor.handle().spawn(async { 7 }).await.unwrap()) });
    /// assert_eq!(log, [7]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(nested) => panic!("{nested}"),
        }
    }

    /// As [`block_on`](Self::block_on), but an error if this thread runs tasks already. The future is dropped
    /// unpolled then.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{Config, MultiThread, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// executor.block_on(async {
    ///     let nested = executor.try_block_on(async {}).unwrap_err();
    ///     println!("{nested}");
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, NestedBlockOn> {
        self.handle().block_on_at(future, Location::caller())
    }

    /// Cancels the tasks and the blocking jobs that have not begun and are not
    /// [mandatory](Handle::spawn_mandatory_blocking_at), and waits until every poll, destructor and job has
    /// returned, at most for `timeout`; the report says which have not. Their threads end when they do.
    ///
    /// On a thread that runs tasks this waits for nothing, since that may be one of those that it would wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_executor::{Config, MultiThread, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// drop(executor.handle().spawn(std::future::pending::<()>()));
    /// let report = executor.shut_down(Duration::from_secs(5));
    /// assert!(report.is_complete(), "{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn shut_down(mut self, timeout: Duration) -> ShutdownReport {
        self.waits = false;
        self.shared.begin_shut_down();
        if !local::runs_tasks() {
            self.shared.wait_for_end(Instant::now().checked_add(timeout));
        }
        self.shared.what_is_left()
    }

    /// Begins to cancel the tasks and the blocking jobs that have not begun and are not mandatory, and waits for nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{Config, MultiThread, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// let handle = executor.handle();
    /// executor.shut_down_in_background();
    /// assert!(handle.is_closed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn shut_down_in_background(mut self) {
        self.waits = false;
    }
}

impl Drop for MultiThread {
    fn drop(&mut self) {
        self.shared.begin_shut_down();
        // A thread that runs tasks must not wait for them, least of all for its own.
        if self.waits && !local::runs_tasks() {
            wait_and_say(
                |deadline| self.shared.wait_for_end(deadline),
                || self.shared.what_is_left(),
            );
        }
        event::emit(move || Event::RuntimeStop);
    }
}

impl fmt::Debug for MultiThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiThread")
            .field("workers", &self.shared.shards.len())
            .finish_non_exhaustive()
    }
}
