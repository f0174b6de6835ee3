//! The runtime: an executor over a driver that watches sockets and timers.

use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::time::Duration;

mod builder;
mod dump;
mod handle;
mod spawn_traits;

use reveille_executor::{CurrentThread, JoinHandle, MultiThread};

pub use crate::embedded::Embedded;
pub use builder::Builder;
pub use dump::{Dump, Recorded, TaskDump, TaskKind, Wait};
pub use handle::{EnterGuard, Handle};
pub use reveille_executor::{
    BlockingMetrics, JobInfo, LatencyHistogram, Metrics, NestedBlockOn, PanicPolicy, ShutdownReport,
    SlowPoll, Suspect, TaskInfo, TaskStage, WorkerMetrics,
};
pub use reveille_reactor::is_shutdown;

use crate::driver::Driver;
use crate::traced;

/// Runs a future to its end on this thread, in a runtime of its own. The tasks it spawned are cancelled before this
/// returns.
///
/// # Panics
///
/// If this thread is inside a `block_on` already, or if the system refuses the runtime its file descriptors.
/// [`Builder::build`] and [`Runtime::try_block_on`] return errors instead. A panic of `future` comes out here.
///
/// # Examples
///
/// ```
/// let sum = reveille::block_on(async {
///     let one = reveille::spawn(async { 1 });
///     one.await.unwrap() + 1
/// });
/// assert_eq!(sum, 2);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    match Builder::current_thread().build() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => {
            panic!("`block_on` could not build a runtime: {error}; `Builder::build` returns this as an error")
        }
    }
}

/// An executor with its sockets and timers. Dropping it cancels its tasks.
///
/// It belongs to the process that built it. In a child made by `fork`, which has its memory but none of its threads,
/// blocking on a future and spawning panic, waiting for its sockets is an error, and dropping it does nothing: build
/// another one there.
///
/// Dropping it waits for its threads. On Windows it must not be dropped by a thread-local, as a thread ends: no other thread
/// can end meanwhile ([`LocalKey`](std::thread::LocalKey) tells why).
///
/// Several threads may be in [`block_on`](Self::block_on) at once. On a current-thread runtime one of them drives it, and
/// another takes over when that one returns.
///
/// # Examples
///
/// ```
/// use reveille::runtime::Runtime;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Runtime::new()?;
/// let task = runtime.spawn(async { 6 * 7 });
/// assert_eq!(runtime.block_on(task).unwrap(), 42);
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    /// Taken only by `drop`.
    executor: Option<Executor>,
    handle: Handle,
}

enum Executor {
    CurrentThread(CurrentThread<Driver>),
    MultiThread(MultiThread),
}

impl Runtime {
    /// A multi-thread runtime with a worker for each processor, as [`Builder::multi_thread`] makes it.
    ///
    /// See [`Runtime`] for an example.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    #[track_caller]
    pub fn new() -> io::Result<Self> {
        Builder::multi_thread().build()
    }

    fn new_with(executor: Executor, handle: Handle) -> Self {
        Self {
            executor: Some(executor),
            handle,
        }
    }

    /// Runs `future` to its end on this thread; it need not be `Send` and may borrow. A current-thread runtime runs its
    /// tasks meanwhile, and those that are not complete wait for the next `block_on`. What was spawned with
    /// [`spawn_local`](crate::task::spawn_local) inside runs on this thread and is cancelled before this returns.
    ///
    /// # Panics
    ///
    /// If this thread is inside a `block_on` already. A panic of `future` comes out here.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// let mut log = Vec::new();
    /// // The future may borrow.
    /// runtime.block_on(async { log.push("first") });
    /// runtime.block_on(async { log.push("second") });
    /// assert_eq!(log, ["first", "second"]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.drivers.assert_not_forked();
        let _current = self.handle.drivers.enter();
        match self.executor() {
            Executor::CurrentThread(executor) => executor.block_on(future),
            Executor::MultiThread(executor) => executor.block_on(future),
        }
    }

    /// As [`block_on`](Self::block_on), but an error if this thread is inside a `block_on` already.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// runtime.block_on(async {
    ///     let nested = runtime.try_block_on(async {}).unwrap_err();
    ///     println!("{nested}");
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, NestedBlockOn> {
        self.handle.drivers.assert_not_forked();
        let _current = self.handle.drivers.enter();
        match self.executor() {
            Executor::CurrentThread(executor) => executor.try_block_on(future),
            Executor::MultiThread(executor) => executor.try_block_on(future),
        }
    }

    /// Spawns a task. On a current-thread runtime it runs while some thread is in `block_on`.
    ///
    /// See [`Runtime`] for an example.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// A handle to this runtime.
    ///
    /// See [`Handle`] for an example.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What the runtime has done so far, in numbers; see [`Handle::metrics`].
    ///
    /// See [`Handle::metrics`] for an example.
    pub fn metrics(&self) -> Metrics {
        self.handle.metrics()
    }

    /// Makes this runtime current on this thread until the guard is dropped; see [`Handle::enter`].
    ///
    /// See [`Handle::enter`] for an example.
    pub fn enter(&self) -> EnterGuard {
        self.handle.enter()
    }

    /// The executor of a current-thread runtime.
    pub(crate) fn current_thread(&self) -> Option<&CurrentThread<Driver>> {
        match self.executor() {
            Executor::CurrentThread(executor) => Some(executor),
            Executor::MultiThread(_) => None,
        }
    }

    /// Shuts the runtime down and waits, at most for `timeout`, until everything has ended. The report names what has
    /// not.
    ///
    /// Tasks are dropped at their next `.await`, or where they wait; blocking jobs that have not begun are cancelled, but for
    /// those that write what a file of `fs` has accepted; what runs is waited for. When the time is over its threads are
    /// left to themselves: they end when it returns.
    ///
    /// On a thread that runs tasks this waits for nothing. On a current-thread runtime the tasks are dropped on this
    /// thread first, whatever time that takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Runtime;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// drop(runtime.spawn(std::future::pending::<()>()));
    /// let report = runtime.shutdown(Duration::from_secs(5));
    /// assert!(report.is_complete(), "{report}");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn shutdown(mut self, timeout: Duration) -> ShutdownReport {
        self.handle.drivers.assert_not_forked();
        let _current = self.enter();
        match self
            .executor
            .take()
            .expect("only `drop` and the shutdowns take it")
        {
            Executor::CurrentThread(executor) => executor.shut_down(timeout),
            Executor::MultiThread(executor) => executor.shut_down(timeout),
        }
    }

    /// Shuts the runtime down without waiting for anything that runs on other threads, such as the jobs that write what a
    /// file of `fs` has accepted: they are done, unless the process ends before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use reveille::runtime::Runtime;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let (release, blocked) = mpsc::channel::<()>();
    /// let _job = runtime.spawn_blocking(move || blocked.recv());
    /// // A drop would wait for the job.
    /// runtime.shutdown_background();
    /// drop(release);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_background(mut self) {
        if self.handle.drivers.is_forked() {
            return;
        }
        let _current = self.enter();
        match self
            .executor
            .take()
            .expect("only `drop` and the shutdowns take it")
        {
            Executor::CurrentThread(executor) => executor.shut_down_in_background(),
            Executor::MultiThread(executor) => executor.shut_down_in_background(),
        }
    }

    /// Runs a closure that blocks on a thread of the blocking pool; see
    /// [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Runtime;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let job = runtime.spawn_blocking(|| (1..=100).sum::<u32>());
    /// assert_eq!(runtime.block_on(job).unwrap(), 5050);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(job)
    }

    fn executor(&self) -> &Executor {
        self.executor
            .as_ref()
            .expect("only `drop` and the shutdowns take it")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.handle.drivers.is_forked() {
            // The parent's: its threads are not here to end its tasks, nor to be waited for.
            mem::forget(self.executor.take());
            return;
        }
        // The tasks' destructors find their own runtime current.
        let _current = self.enter();
        drop(self.executor.take());
        traced::runtime_ended();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}
