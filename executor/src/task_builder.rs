//! Spawning with a name.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::handle::Handle;
use crate::spawn;
use crate::task::JoinHandle;

/// Spawns a task with a name, which messages about it show: a panic's, a slow poll's, a shutdown report's.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, TaskBuilder, ThreadPark};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let task = TaskBuilder::new().name("fetch").spawn(async { panic!("no route") as () });
///     let error = task.await.unwrap_err();
///     assert!(error.to_string().ends_with("(\"fetch\") panicked: no route"));
/// });
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder spawns nothing by itself"]
pub struct Builder {
    name: Option<Arc<str>>,
}

impl Builder {
    /// Of a task without a name.
    ///
    /// See [`Builder`] for an example.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the tasks that are spawned by this builder. It costs an allocation, unless it is an `Arc<str>` already.
    ///
    /// See [`Builder`] for an example.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// As [`spawn`](crate::spawn).
    ///
    /// See [`Builder`] for an example.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn::spawn_named(future, Location::caller(), self.name)
    }

    /// As [`spawn_local`](crate::spawn_local).
    ///
    /// # Panics
    ///
    /// On a thread that does not run a runtime's tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use reveille_executor::{CurrentThread, TaskBuilder, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let shared = Rc::new(7);
    /// let task = TaskBuilder::new().name("local").spawn_local(async move { *shared });
    /// assert_eq!(task.await.unwrap(), 7);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        spawn::spawn_local_named(future, Location::caller(), self.name)
    }

    /// As [`Handle::spawn`].
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, TaskBuilder, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let task = TaskBuilder::new().name("fetch").spawn_on(async { 7 }, &executor.handle());
    /// assert_eq!(executor.block_on(task).unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &impl AsRef<Handle>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.as_ref().spawn_at(future, Location::caller(), self.name)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("name", &self.name).finish()
    }
}
