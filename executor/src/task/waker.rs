//! The waker of a task: a counted reference to its cell, behind one vtable for all futures.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::cell::{Header, emit_wake};
use super::reference::{drop_references, free, schedule};
use super::state::Wake;

/// A waker for the poll that runs now. It counts no reference: the thread that runs the task holds one longer.
pub(super) fn borrowed(task: NonNull<Header>) -> BorrowedWaker {
    // SAFETY: rule A: the running thread's reference outlives the poll; `ManuallyDrop` gives none up.
    BorrowedWaker(ManuallyDrop::new(unsafe {
        Waker::new(task.as_ptr().cast(), &VTABLE)
    }))
}

/// Made by [`borrowed`]; clones of the waker inside are counted.
pub(super) struct BorrowedWaker(ManuallyDrop<Waker>);

impl Deref for BorrowedWaker {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.0
    }
}

/// One table for all tasks, so that `Waker::will_wake` is right.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake_by_value, wake_by_ref, drop_waker);

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: rule A: the waker that is cloned holds a reference, or borrows the running thread's.
    unsafe { header(data).as_ref() }.state.add_reference();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake_by_value(data: *const ()) {
    let task = header(data);
    // SAFETY: rule A: the waker holds a reference.
    let (state, id) = unsafe { (&task.as_ref().state, task.as_ref().id) };
    let wake = state.wake_by_value();
    emit_wake(id, wake == Wake::Enqueue);
    match wake {
        // SAFETY: rules A and B; SCHEDULED was set, and the waker's reference becomes the queue's.
        Wake::Enqueue => unsafe { schedule(task) },
        Wake::Nothing => {}
        // SAFETY: rules A and B; the waker's was the last reference.
        Wake::Free => unsafe { free(task) },
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    let task = header(data);
    // SAFETY: rule A: the waker holds a reference, or borrows the running thread's.
    let (state, id) = unsafe { (&task.as_ref().state, task.as_ref().id) };
    let wake = state.wake_by_ref();
    emit_wake(id, wake == Wake::Enqueue);
    if wake == Wake::Enqueue {
        // SAFETY: rules A and B; SCHEDULED was set, and the transition counted a reference for the queue.
        unsafe { schedule(task) }
    }
}

unsafe fn drop_waker(data: *const ()) {
    drop_references(header(data), 1);
}

fn header(data: *const ()) -> NonNull<Header> {
    // SAFETY: it was a `NonNull` when the waker was made.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}
