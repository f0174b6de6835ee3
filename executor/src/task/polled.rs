//! Which task that any worker may run this thread polls: who has the exclusive right to it.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::cell::Header;
use crate::primitive::thread_local;

thread_local! {
    /// Compared, never followed.
    static POLLED: Cell<*const Header> = Cell::new(ptr::null());
}

/// This thread polls that task until the guard is dropped.
#[inline]
pub(super) fn enter(task: NonNull<Header>) -> Polling {
    Polling(POLLED.with(|polled| polled.replace(task.as_ptr())))
}

/// Made by [`enter`]; with what was polled around it.
pub(super) struct Polling(*const Header);

impl Drop for Polling {
    #[inline]
    fn drop(&mut self) {
        POLLED.with(|polled| polled.set(self.0));
    }
}

/// Whether this thread polls that task, and nothing else within that poll.
#[inline]
pub(super) fn is(task: NonNull<Header>) -> bool {
    // As a wake may come when a thread's locals are gone.
    POLLED
        .try_with(|polled| ptr::eq(polled.get(), task.as_ptr()))
        .unwrap_or(false)
}
