//! A task that ends with its handle.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_context::task::TaskId;

use crate::task::{AbortHandle, JoinError, JoinHandle};

// BOOK: ch10
/// A [`JoinHandle`] that aborts its task when it is dropped.
///
/// # Cancel safety
///
/// Awaited by reference, it is safe: the output is not lost. Awaited by value and dropped, it aborts the task, as a future
/// that is awaited in place would end too.
///
/// # Panics
///
/// When polled again after it returned the output.
///
/// # Examples
///
/// ```
/// use reveille_executor::{AbortOnDropHandle, CurrentThread, ThreadPark, spawn, yield_now};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let task = AbortOnDropHandle::new(spawn(std::future::pending::<()>()));
///     let abort = task.abort_handle();
///     drop(task);
///     yield_now().await;
///     assert!(abort.is_finished());
/// });
/// ```
#[must_use = "dropping the handle aborts its task"]
pub struct AbortOnDropHandle<T> {
    /// `None` once it is detached.
    handle: Option<JoinHandle<T>>,
}

const HELD: &str = "the handle is taken only by `detach`, which consumes its owner";

impl<T> AbortOnDropHandle<T> {
    /// From now on the task ends when this is dropped.
    ///
    /// See [`AbortOnDropHandle`] for an example.
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self { handle: Some(handle) }
    }

    /// As [`JoinHandle::abort`].
    ///
    /// See [`JoinHandle::abort`] for an example.
    pub fn abort(&self) {
        self.handle().abort();
    }

    /// As [`JoinHandle::is_finished`].
    ///
    /// See [`JoinHandle::is_finished`] for an example.
    pub fn is_finished(&self) -> bool {
        self.handle().is_finished()
    }

    /// As [`JoinHandle::id`].
    ///
    /// See [`JoinHandle::id`] for an example.
    pub fn id(&self) -> TaskId {
        self.handle().id()
    }

    /// As [`JoinHandle::abort_handle`].
    ///
    /// See [`AbortOnDropHandle`] for an example.
    pub fn abort_handle(&self) -> AbortHandle {
        self.handle().abort_handle()
    }

    /// Gives the plain handle back: dropping that lets the task run on.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{AbortOnDropHandle, CurrentThread, ThreadPark, spawn};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let task = AbortOnDropHandle::new(spawn(async { 7 }));
    /// // Past the point up to which the task was to end with this code.
    /// let task = task.detach();
    /// assert_eq!(task.await.unwrap(), 7);
    /// # });
    /// ```
    #[must_use = "the task runs on; drop the handle to detach it"]
    pub fn detach(mut self) -> JoinHandle<T> {
        self.handle.take().expect(HELD)
    }

    fn handle(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect(HELD)
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.handle.as_mut().expect(HELD)).poll(cx)
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}

impl<T> From<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn from(handle: JoinHandle<T>) -> Self {
        Self::new(handle)
    }
}

impl<T> fmt::Debug for AbortOnDropHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortOnDropHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
