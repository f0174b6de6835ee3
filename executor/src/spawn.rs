//! Spawning from wherever a runtime is current.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::big_future::{boxed, is_big};
use crate::local;
use crate::task::JoinHandle;

/// Spawns a task on the current runtime: the one whose `block_on` or task this thread runs, or that it entered.
///
/// The task starts to run when the runtime gets to it, whether or not the handle is awaited.
///
/// # Panics
///
/// Outside a runtime; [`try_spawn`] gives the future back instead.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn};
///
/// let sum = CurrentThread::new(ThreadPark::new()).block_on(async {
///     let first = spawn(async { 1 });
///     let second = spawn(async { 2 });
///     first.await.unwrap() + second.await.unwrap()
/// });
/// assert_eq!(sum, 3);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let location = Location::caller();
    if is_big::<F>() {
        return spawn_named(boxed(future, location), location, None);
    }
    spawn_named(future, location, None)
}

/// As [`spawn`]; outside a runtime it gives the future back.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, try_spawn};
///
/// // No runtime is current here.
/// let refused = try_spawn(async { 7 }).unwrap_err();
/// let future = refused.into_future();
/// let executor = CurrentThread::new(ThreadPark::new());
/// assert_eq!(executor.block_on(future), 7);
/// ```
#[track_caller]
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, TrySpawnError<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let location = Location::caller();
    match local::current_handle() {
        Some(handle) if is_big::<F>() => Ok(handle.spawn_at(boxed(future, location), location, None)),
        Some(handle) => Ok(handle.spawn_at(future, location, None)),
        None => Err(TrySpawnError { future }),
    }
}

/// Spawns a task that stays on this thread, so that its future need not be `Send`.
///
/// It lives as long as the `block_on` (or worker) around it: what is not complete when that ends is cancelled and
/// dropped on this thread first.
///
/// # Panics
///
/// On a thread that does not run a runtime's tasks. Entering a handle is not enough, since nothing would ever
/// run the task here.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use reveille_executor::{CurrentThread, ThreadPark, spawn_local};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let shared = Rc::new(7);
///     let task = spawn_local({
///         let shared = shared.clone();
///         async move { *shared }
///     });
///     assert_eq!(task.await.unwrap(), 7);
/// });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let location = Location::caller();
    if is_big::<F>() {
        return spawn_local_named(boxed(future, location), location, None);
    }
    spawn_local_named(future, location, None)
}

/// Not by way of `try_spawn`, whose result has room for the future once more.
#[track_caller]
pub(crate) fn spawn_named<F>(
    future: F,
    location: &'static Location<'static>,
    name: Option<Arc<str>>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match local::current_handle() {
        Some(handle) => handle.spawn_at(future, location, name),
        None => panic!(
            "`spawn` was called where no runtime is current; call it inside `block_on` or a task, \
             enter a runtime first (`let _guard = handle.enter();`), or use `handle.spawn`"
        ),
    }
}

#[track_caller]
pub(crate) fn spawn_local_named<F>(
    future: F,
    location: &'static Location<'static>,
    name: Option<Arc<str>>,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match local::current_entry() {
        Some(entry) => entry.spawn_local(future, location, name),
        None => panic!(
            "`spawn_local` was called on a thread that runs no tasks; call it inside `block_on` or a task, \
             or use `spawn` with a future that is Send"
        ),
    }
}

/// There was no runtime to spawn on; the future is untouched.
///
/// See [`try_spawn`] for an example.
pub struct TrySpawnError<F> {
    future: F,
}

impl<F> TrySpawnError<F> {
    /// The future that was not spawned.
    ///
    /// See [`try_spawn`] for an example.
    pub fn into_future(self) -> F {
        self.future
    }
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrySpawnError")
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no runtime is current on this thread")
    }
}

impl<F> std::error::Error for TrySpawnError<F> {}
