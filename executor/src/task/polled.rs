//! Which task that any worker may run this thread polls: who has the exclusive right to it.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::cell::Header;
use crate::primitive::thread_local;

thread_local! {
    /// Compared, never followed.
    static POLLED: Cell<*const Header> = Cell::new(ptr::null());
}

/// This thread polls that task from now on. A poll around this one, if there ever is any, forgoes what its thread need not do
/// without a read-modify-write.
#[inline]
pub(super) fn begin(task: NonNull<Header>) {
    POLLED.with(|polled| polled.set(task.as_ptr()));
}

/// The poll has ended.
#[inline]
pub(super) fn end() {
    POLLED.with(|polled| polled.set(ptr::null()));
}

/// Whether this thread polls that task, and nothing else within that poll.
#[inline]
pub(super) fn is(task: NonNull<Header>) -> bool {
    // As a wake may come when a thread's locals are gone.
    POLLED
        .try_with(|polled| ptr::eq(polled.get(), task.as_ptr()))
        .unwrap_or(false)
}
