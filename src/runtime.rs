//! The runtime: an executor over a driver that watches sockets and timers.

use std::fmt;
use std::future::Future;
use std::io;

use reveille_executor::{CurrentThread, JoinHandle};

pub use reveille_executor::NestedBlockOn;
pub use reveille_reactor::is_shutdown;

use crate::driver::Driver;

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

/// Builds a [`Runtime`].
///
/// # Examples
///
/// ```
/// use reveille::runtime::Builder;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::current_thread().build()?;
/// assert_eq!(runtime.block_on(async { 42 }), 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Builder(());

impl Builder {
    /// A runtime whose tasks all run on the thread that is in its `block_on`.
    pub fn current_thread() -> Self {
        Self(())
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// What the system says when it refuses an epoll (or kqueue) instance or its waker, such as too many open files.
    pub fn build(&mut self) -> io::Result<Runtime> {
        let driver = Driver::new()?;
        let (reactor, timers) = driver.handles();
        let executor = CurrentThread::new(driver);
        let handle = Handle {
            executor: executor.handle(),
            reactor,
            timers,
        };
        Ok(Runtime {
            executor: Some(executor),
            handle,
        })
    }
}

/// An executor with its sockets and timers. Dropping it cancels its tasks.
///
/// Several threads may be in [`block_on`](Self::block_on) at once: one of them drives the runtime, and another takes
/// over when that one returns.
pub struct Runtime {
    /// Taken only by `drop`.
    executor: Option<CurrentThread<Driver>>,
    handle: Handle,
}

impl Runtime {
    /// Runs `future` to its end on this thread, and the runtime's tasks meanwhile. It need not be `Send` and may
    /// borrow. Tasks that are not complete wait for the next `block_on`; those of
    /// [`spawn_local`](crate::task::spawn_local) are cancelled before this returns.
    ///
    /// # Panics
    ///
    /// If this thread is inside a `block_on` already. A panic of `future` comes out here.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _current = self.enter();
        self.executor().block_on(future)
    }

    /// As [`block_on`](Self::block_on), but an error if this thread is inside a `block_on` already.
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, NestedBlockOn> {
        let _current = self.enter();
        self.executor().try_block_on(future)
    }

    /// Spawns a task, which runs while some thread is in `block_on`.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// A handle to this runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this runtime current on this thread until the guard is dropped; see [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard {
        self.handle.enter()
    }

    fn executor(&self) -> &CurrentThread<Driver> {
        self.executor.as_ref().expect("only `drop` takes it")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // The tasks' destructors find their own runtime current.
        let _current = self.enter();
        drop(self.executor.take());
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// A reference to a runtime: to spawn on it, and to make its sockets and timers a thread's own. It does not keep the
/// runtime alive.
#[derive(Clone, Debug)]
pub struct Handle {
    executor: reveille_executor::Handle,
    reactor: reveille_reactor::Handle,
    timers: reveille_timer::Handle,
}

impl Handle {
    /// The runtime that is current on this thread.
    ///
    /// # Panics
    ///
    /// If there is none; [`try_current`](Self::try_current) says so instead.
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

    /// The runtime that is current on this thread, if any.
    pub fn try_current() -> Option<Self> {
        Some(Self {
            executor: reveille_executor::Handle::try_current()?,
            reactor: reveille_reactor::Handle::current()?,
            timers: reveille_timer::Handle::current()?,
        })
    }

    /// Spawns a task on this runtime, from any thread. Once the runtime is gone, the task is cancelled at once.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.executor.spawn(future)
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
            _timers: self.timers.enter(),
            _reactor: self.reactor.enter(),
            _executor: self.executor.enter(),
        }
    }
}

/// A runtime is current on this thread while this lives. Drop such guards in the reverse of their order.
#[derive(Debug)]
#[must_use = "the runtime stops being current when the guard is dropped"]
pub struct EnterGuard {
    _timers: reveille_timer::EnterGuard,
    _reactor: reveille_reactor::EnterGuard,
    _executor: reveille_executor::EnterGuard,
}
