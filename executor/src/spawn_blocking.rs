//! Jobs for the blocking pool, and what is current on its threads.

use std::panic::Location;
use std::sync::Arc;

use crate::config::Around;
use crate::handle::{Handle, WeakHandle};
use crate::local;
use crate::task::JoinHandle;

/// Runs a closure that blocks on a thread of the current runtime's blocking pool.
///
/// The pool starts threads as they are needed, up to a limit; a job that finds none free waits for one. `abort` of the
/// handle works until the job has begun. In the closure the runtime is current, and
/// [`Handle::block_on`] works.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn_blocking};
///
/// let sum = CurrentThread::new(ThreadPark::new()).block_on(async {
///     spawn_blocking(|| (1..=100).sum::<u32>()).await.unwrap()
/// });
/// assert_eq!(sum, 5050);
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(job: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match local::current_handle() {
        Some(handle) => handle.spawn_blocking(job),
        None => panic!(
            "`spawn_blocking` was called where no runtime is current; call it inside `block_on` or a task, \
             enter a runtime first (`let _guard = handle.enter();`), or use `handle.spawn_blocking`"
        ),
    }
}

impl Handle {
    /// As [`spawn_blocking`], on this runtime. Once the runtime shuts down, the job is cancelled at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let job = executor.handle().spawn_blocking(|| (1..=100).sum::<u32>());
    /// assert_eq!(executor.block_on(job).unwrap(), 5050);
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_at(job, Location::caller())
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), for somebody who asked for the job at `spawned_at`, which is what reports
    /// of it say.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::Location;
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let job = executor.handle().spawn_blocking_at(|| 7, Location::caller());
    /// assert_eq!(executor.block_on(job).unwrap(), 7);
    /// ```
    pub fn spawn_blocking_at<F, R>(&self, job: F, spawned_at: &'static Location<'static>) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let _coming = self.come();
        self.blocking().spawn_blocking(job, spawned_at, None)
    }

    /// As [`spawn_blocking_at`](Self::spawn_blocking_at), for what others were told would be done: the job runs, too, if the
    /// runtime begins to shut down before it has begun. It is one that the shutdown waits for and reports then. It is
    /// cancelled only if it comes after that, or if there is no thread and none can be started; or aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::Location;
    /// use std::sync::mpsc;
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let (written, was_written) = mpsc::channel();
    /// let write = move || written.send("a promise");
    /// drop(executor.handle().spawn_mandatory_blocking_at(write, Location::caller()));
    /// drop(executor);
    /// assert_eq!(was_written.try_recv(), Ok("a promise"));
    /// ```
    pub fn spawn_mandatory_blocking_at<F, R>(
        &self,
        job: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let _coming = self.come();
        self.blocking().spawn_mandatory(job, spawned_at)
    }

    /// Makes this runtime current on the threads of its blocking pool.
    pub(crate) fn make_current_in_pool(&self, within: Option<Around>) {
        let runtime = WeakHandle::from(self);
        let around = move |work: &mut dyn FnMut()| {
            let handle = runtime.upgrade();
            let _current = handle.as_ref().map(Handle::enter);
            match &within {
                Some(within) => within(work),
                None => work(),
            }
        };
        self.blocking().set_around(Arc::new(around));
    }
}
