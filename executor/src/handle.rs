//! A runtime's handle: to spawn on it from anywhere.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::home::Home;
use crate::local::{self, EnterGuard};
use crate::task::{self, JoinHandle};

/// A reference to a runtime, to spawn on it from any thread. It does not keep the runtime running: once that is
/// dropped, what is spawned here is cancelled at once.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let handle = executor.handle();
/// let task = std::thread::spawn(move || handle.spawn(async { 3 })).join().unwrap();
/// assert_eq!(executor.block_on(task).unwrap(), 3);
/// ```
#[derive(Clone)]
pub struct Handle {
    home: Arc<Home>,
}

impl Handle {
    pub(crate) fn new(home: Arc<Home>) -> Self {
        Self { home }
    }

    /// Spawns a task on this runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(future, Location::caller())
    }

    /// Makes this runtime the one that [`spawn`](crate::spawn) goes to on this thread, until the guard is dropped.
    pub fn enter(&self) -> EnterGuard {
        EnterGuard::new(self.clone())
    }

    /// The runtime that is current on this thread, if any.
    pub fn try_current() -> Option<Self> {
        local::current_handle()
    }

    pub(crate) fn spawn_at<F>(&self, future: F, location: &'static Location<'static>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, runnable, handle) = task::new(future, self.home.clone(), location);
        match self.home.owned.insert(task) {
            Ok(()) => runnable.schedule(),
            Err(_closed) => runnable.cancel(),
        }
        handle
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}
