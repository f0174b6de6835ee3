//! Who waits, and from where.

use std::panic::Location;
use std::task::Waker;

use crate::task::{self, TaskId};

/// A waker together with what a task dump needs to know of it: it lies in a readiness slot or a wheel entry, and
/// goes when the waker goes.
#[derive(Debug)]
pub struct Waiter {
    waker: Waker,
    task: Option<TaskId>,
    location: &'static Location<'static>,
}

impl Waiter {
    /// The waiter for an operation that the current task began at `location`.
    pub fn new(waker: Waker, location: &'static Location<'static>) -> Self {
        Self {
            waker,
            task: task::current(),
            location,
        }
    }

    /// Whether waking this wakes the same task as `waker` would.
    pub fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    /// Lets the same waker wait for another operation, that the current task began at `location`.
    pub fn wait_at(&mut self, location: &'static Location<'static>) {
        self.task = task::current();
        self.location = location;
    }

    /// The waker, to be woken where no lock is held.
    pub fn into_waker(self) -> Waker {
        self.waker
    }

    /// The task that waits, if a runtime of ours polled it.
    pub fn task(&self) -> Option<TaskId> {
        self.task
    }

    /// Where the operation was begun.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}
