//! The home of a current-thread runtime's tasks: its table of them, and the mailbox for those that are woken by
//! other threads than the one that drives it.

use std::sync::Arc;
use std::task::Waker;

use crate::blocking::{BlockingPool, PoolConfig};
use crate::config::Config;
use crate::local;
use crate::owned::OwnedTasks;
use crate::primitive::SegQueue;
use crate::task::{Place, Runnable, Schedule, Task};

/// Shared by the runtime, its handles and each of its tasks, and so alive until the last waker is gone.
///
/// **The mailbox loses nothing between a push and a sleep:** the push comes before the Release of the park's unparker,
/// and a thread whose `park` has returned looks here after its Acquire. So a look that misses a push is followed by a
/// `park` that returns at once.
pub(crate) struct Home {
    mailbox: SegQueue<Runnable>,
    unparker: Waker,
    pub(crate) owned: OwnedTasks,
    pub(crate) blocking: Arc<BlockingPool>,
}

impl Home {
    pub(crate) fn new(unparker: Waker, config: &Config) -> Self {
        Self {
            mailbox: SegQueue::new(),
            unparker,
            owned: OwnedTasks::new(0),
            blocking: BlockingPool::new(PoolConfig::from(config)),
        }
    }

    /// What [`unpark`](Self::unpark) wakes.
    pub(crate) fn unparker(&self) -> &Waker {
        &self.unparker
    }

    /// Wakes the thread that drives the runtime, if it sleeps.
    pub(crate) fn unpark(&self) {
        self.unparker.wake_by_ref();
    }

    pub(crate) fn receive(&self) -> Option<Runnable> {
        self.mailbox.pop()
    }

    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        !self.mailbox.is_empty()
    }
}

impl Schedule for Home {
    const LOCAL: bool = false;

    #[inline]
    fn push_here(home: &Self, task: Runnable) -> Result<(), Runnable> {
        local::push_if_driving(home, task)
    }

    fn push_from_elsewhere(home: Arc<Self>, task: Runnable) {
        home.mailbox.push(task);
        home.unpark();
    }

    fn release(&self, place: Place) -> Option<Task> {
        self.owned.remove(place)
    }

    fn name(&self, place: Place) -> Option<Arc<str>> {
        self.owned.name(place)
    }
}
