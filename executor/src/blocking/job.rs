//! A closure as a task: the same cell, the same `JoinHandle`, one poll.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use reveille_context::coop;
use reveille_context::task::TaskId;

#[cfg(not(loom))]
use crate::task::Task;
use crate::task::{JoinHandle, Runnable};

/// A job in the queue.
pub(super) struct Job {
    pub(super) task: Runnable,
    pub(super) record: Record,
    pub(super) queued_at: Instant,
    /// Whether it is to be run, too, when the pool is closed.
    pub(super) mandatory: bool,
}

/// Which job it is, for people. To be dropped where no lock is held: with the last reference to it goes a waker.
pub(super) struct Record {
    pub(super) watched: Watched,
    pub(super) name: Option<Arc<str>>,
    pub(super) spawned_at: &'static Location<'static>,
}

/// A job, for whoever asks who waits for it. In a model nobody does, and one count more there is many orders more to try.
pub(super) struct Watched {
    pub(super) id: TaskId,
    #[cfg(not(loom))]
    task: Task,
}

impl Watched {
    pub(super) fn of<T>(handle: &JoinHandle<T>) -> Self {
        Self {
            id: handle.id(),
            #[cfg(not(loom))]
            task: handle.task(),
        }
    }

    /// The address of who waits for it ([`Seen::joiner`](crate::task::Seen::joiner)).
    #[cfg(not(loom))]
    pub(super) fn joiner(&self) -> usize {
        self.task.joiner()
    }

    #[cfg(loom)]
    pub(super) fn joiner(&self) -> usize {
        0
    }
}

// BOOK: ch08
/// The future of a job: its closure, called by the first poll, which is the only one.
pub(super) struct Work<F>(Option<F>);

impl<F> Work<F> {
    pub(super) fn new(closure: F) -> Self {
        Self(Some(closure))
    }
}

/// The closure is moved out before it is called, and never pinned.
impl<F> Unpin for Work<F> {}

impl<F, R> Future for Work<F>
where
    F: FnOnce() -> R,
{
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let closure = self
            .0
            .take()
            .expect("a job is polled once, since it is ready then");
        // It keeps nobody else waiting, so it may do as much as it likes.
        let _lifted = coop::unconstrained();
        Poll::Ready(closure())
    }
}
