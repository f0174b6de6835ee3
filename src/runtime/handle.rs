//! A runtime as seen from anywhere.

use std::future::Future;
use std::panic::Location;

use reveille_executor::{JoinHandle, Metrics, NestedBlockOn};

use crate::drivers::{self, Drivers};

/// A reference to a runtime: to spawn on it, to block on futures in it, and to make its sockets and timers a thread's
/// own. It does not keep the runtime alive.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use reveille::runtime::Runtime;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let task = thread::spawn(move || handle.spawn(async { 7 })).join().unwrap();
/// assert_eq!(runtime.block_on(task).unwrap(), 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) executor: reveille_executor::Handle,
    pub(super) drivers: Drivers,
}

impl Handle {
    /// The runtime that is current on this thread.
    ///
    /// # Panics
    ///
    /// If there is none; [`try_current`](Self::try_current) says so instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Handle;
    ///
    /// reveille::block_on(async {
    ///     let task = Handle::current().spawn(async { 7 });
    ///     assert_eq!(task.await.unwrap(), 7);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(handle) => handle,
            None => panic!(
                "`Handle::current` was called where no runtime is current; call it inside `block_on` or a task, \
                 or enter a runtime first (`let _guard = handle.enter();`)"
            ),
        }
    }

    /// After a change that may let virtual time move on.
    pub(crate) fn look_for_rest(&self) {
        self.executor.look_for_rest();
    }

    /// The runtime that is current on this thread, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Handle;
    ///
    /// assert!(Handle::try_current().is_none());
    /// reveille::block_on(async { assert!(Handle::try_current().is_some()) });
    /// ```
    pub fn try_current() -> Option<Self> {
        Some(Self {
            executor: reveille_executor::Handle::try_current()?,
            drivers: Drivers::current()?,
        })
    }

    /// What the runtime has done so far, in numbers, which are always counted. It may be asked at any time, from any
    /// thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Builder;
    /// use reveille::task::spawn_blocking;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::multi_thread().worker_threads(2).build()?;
    /// let before = runtime.handle().metrics();
    /// runtime.block_on(async {
    ///     reveille::spawn(async {}).await.unwrap();
    ///     spawn_blocking(|| {}).await.unwrap();
    /// });
    /// let metrics = runtime.handle().metrics().since(&before);
    /// assert_eq!(metrics.tasks_spawned, 1);
    /// assert_eq!(metrics.blocking.jobs_run, 1);
    /// for (number, worker) in metrics.workers.iter().enumerate() {
    ///     println!("worker {number}: {} polls, busy for {:?} of {:?}", worker.polls, worker.busy, metrics.elapsed);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        self.executor.metrics()
    }

    /// Spawns a task on this runtime, from any thread. Once the runtime is gone, the task is cancelled at once.
    ///
    /// See [`Handle`] for an example.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.drivers.assert_not_forked();
        self.executor.spawn(future)
    }

    /// Runs a closure that blocks on a thread of this runtime's blocking pool; see
    /// [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// See [`Runtime::spawn_blocking`](crate::runtime::Runtime::spawn_blocking) for an example.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_at(job, Location::caller())
    }

    #[track_caller]
    pub(crate) fn spawn_blocking_at<F, R>(
        &self,
        job: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.drivers.assert_not_forked();
        self.executor.spawn_blocking_at(job, spawned_at)
    }

    /// As `spawn_blocking_at`, for a job that is done, too, if the runtime shuts down before it has begun.
    #[cfg_attr(
        not(feature = "fs"),
        allow(dead_code, reason = "files promise, and nothing else")
    )]
    #[track_caller]
    pub(crate) fn spawn_mandatory_blocking_at<F, R>(
        &self,
        job: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.drivers.assert_not_forked();
        self.executor.spawn_mandatory_blocking_at(job, spawned_at)
    }

    /// Whether what is spawned now would be cancelled at once.
    pub(crate) fn is_closed(&self) -> bool {
        self.executor.is_closed()
    }

    /// Spawns a task on one worker of a multi-thread runtime, where `make` is called and its future stays; so it need not
    /// be `Send`. The worker is one of `0..worker_threads`.
    ///
    /// As those of [`spawn_local`](crate::task::spawn_local), the task ends with its thread, and waits while that is
    /// blocked.
    ///
    /// # Panics
    ///
    /// If there is no such worker; a current-thread runtime has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use reveille::runtime::Builder;
    /// use reveille::task::yield_now;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::multi_thread().worker_threads(2).build()?;
    /// let task = runtime.handle().spawn_on(1, || async {
    ///     let here = Rc::new(7);
    ///     yield_now().await;
    ///     *here
    /// });
    /// assert_eq!(runtime.block_on(task).unwrap(), 7);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_on<M, F>(&self, worker: usize, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.drivers.assert_not_forked();
        self.executor.spawn_on(worker, make)
    }

    /// Runs `future` to its end on this thread, which must be one that may block: not one that runs tasks, unless it is
    /// in [`block_in_place`](crate::task::block_in_place) or in a job of `spawn_blocking`.
    ///
    /// On a current-thread runtime this drives nothing: sockets, timers and tasks need another thread, which is in
    /// [`Runtime::block_on`](crate::runtime::Runtime::block_on).
    ///
    /// # Panics
    ///
    /// If this thread runs tasks. A panic of `future` comes out here.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Runtime;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let thread = std::thread::spawn(move || handle.block_on(async { 3 }));
    /// assert_eq!(thread.join().unwrap(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.drivers.assert_not_forked();
        let _current = self.drivers.enter();
        self.executor.block_on(future)
    }

    /// As [`block_on`](Self::block_on), but an error if this thread runs tasks.
    ///
    /// See [`Runtime::try_block_on`](crate::runtime::Runtime::try_block_on) for an example.
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, NestedBlockOn> {
        self.drivers.assert_not_forked();
        let _current = self.drivers.enter();
        self.executor.try_block_on(future)
    }

    /// Makes this runtime current on this thread until the guard is dropped: `spawn` goes to it, and sockets and
    /// sleeps that are first polled here use its driver.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// let task = {
    ///     let _current = runtime.enter();
    ///     reveille::spawn(async { 7 })
    /// };
    /// assert_eq!(runtime.block_on(task).unwrap(), 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter(&self) -> EnterGuard {
        EnterGuard {
            _drivers: self.drivers.enter(),
            _executor: self.executor.enter(),
        }
    }
}

/// For what takes the executor's handle, such as [`JoinSet::spawn_on`](crate::task::JoinSet::spawn_on).
impl AsRef<reveille_executor::Handle> for Handle {
    fn as_ref(&self) -> &reveille_executor::Handle {
        &self.executor
    }
}

/// A runtime is current on a thread while this lives. Drop such guards in the reverse of their order.
///
/// See [`Handle::enter`] for an example.
#[derive(Debug)]
#[must_use = "the runtime stops being current when the guard is dropped"]
pub struct EnterGuard {
    _drivers: drivers::EnterGuard,
    _executor: reveille_executor::EnterGuard,
}
