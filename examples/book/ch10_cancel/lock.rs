//! A lock for futures, which goes to those who wait in the order in which they came.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

#[derive(Default)]
pub(crate) struct Lock {
    is_held: Cell<bool>,
    waiting: RefCell<VecDeque<Rc<Waiter>>>,
}

/// Gives the lock to the next one when it is dropped.
pub(crate) struct Guard(Rc<Lock>);

#[derive(Default)]
struct Waiter {
    /// Whether the lock is this one's, who need not know it yet.
    has_it: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

// ANCHOR: lock
impl Lock {
    pub(crate) async fn acquire(self: &Rc<Self>) -> Guard {
        if !self.is_held.replace(true) {
            return Guard(self.clone());
        }
        let place = Place::behind_all_others(self);
        poll_fn(|cx| {
            if place.waiter.has_it.get() {
                return Poll::Ready(());
            }
            *place.waiter.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        place.waiter.has_it.set(false);
        Guard(self.clone())
    }

    /// It is the next one's from now on, whether or not that is polled.
    fn hand_on(&self) {
        let Some(next) = self.waiting.borrow_mut().pop_front() else {
            return self.is_held.set(false);
        };
        next.has_it.set(true);
        let waker = next.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
// ANCHOR_END: lock

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.hand_on();
    }
}

// ANCHOR: place
/// A place in the queue of those who wait.
struct Place<'a> {
    lock: &'a Lock,
    waiter: Rc<Waiter>,
}

impl<'a> Place<'a> {
    fn behind_all_others(lock: &'a Lock) -> Self {
        let waiter = Rc::<Waiter>::default();
        lock.waiting.borrow_mut().push_back(waiter.clone());
        Self { lock, waiter }
    }
}

/// Whoever waits may be dropped: then it leaves the queue, or hands on what it was given and has not seen.
impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.waiter.has_it.get() {
            return self.lock.hand_on();
        }
        let is_other = |other: &Rc<Waiter>| !Rc::ptr_eq(other, &self.waiter);
        self.lock.waiting.borrow_mut().retain(is_other);
    }
}
// ANCHOR_END: place
