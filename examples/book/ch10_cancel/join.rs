//! Waiting for a task, which may have been aborted.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::runtime::Task;

pub(crate) struct JoinHandle<T> {
    task: Rc<Task>,
    outcome: Rc<RefCell<Outcome<T>>>,
}

/// The other end, which lies in the task's future.
pub(crate) struct Promise<T>(Rc<RefCell<Outcome<T>>>);

pub(crate) struct Outcome<T> {
    output: Option<T>,
    has_ended: bool,
    joiner: Option<Waker>,
}

pub(crate) fn promise<T>() -> (Promise<T>, Rc<RefCell<Outcome<T>>>) {
    let outcome = Rc::new(RefCell::new(Outcome {
        output: None,
        has_ended: false,
        joiner: None,
    }));
    (Promise(outcome.clone()), outcome)
}

// ANCHOR: promise
impl<T> Promise<T> {
    pub(crate) fn keep(self, output: T) {
        self.0.borrow_mut().output = Some(output);
    }
}

/// Kept or not: the task is over.
impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut outcome = self.0.borrow_mut();
        outcome.has_ended = true;
        let joiner = outcome.joiner.take();
        drop(outcome);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }
}
// ANCHOR_END: promise

impl<T> JoinHandle<T> {
    pub(crate) fn new(task: Rc<Task>, outcome: Rc<RefCell<Outcome<T>>>) -> Self {
        Self { task, outcome }
    }

    pub(crate) fn abort(&self) {
        self.task.abort();
    }

    pub(crate) fn take_output(&self) -> Option<T> {
        self.outcome.borrow_mut().output.take()
    }
}

impl<T> Future for JoinHandle<T> {
    /// `None` if it was aborted.
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut outcome = self.outcome.borrow_mut();
        if outcome.has_ended {
            return Poll::Ready(outcome.output.take());
        }
        outcome.joiner = Some(cx.waker().clone());
        Poll::Pending
    }
}
