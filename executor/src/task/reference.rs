//! Counted references to a task, each with what its holder may do.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;

use reveille_context::task::TaskId;

use super::cell::Header;
use super::info::TaskInfo;
use super::place::Place;
use super::state::Wake;
use crate::primitive::Ordering;

/// A counted reference to a task, whatever its future.
pub(crate) struct Task(NonNull<Header>);

/// A task that is scheduled, on its way to or out of a queue.
pub(crate) struct Runnable(Task);

/// An idle task that was taken from under its wakers in order to be cancelled.
pub(crate) struct Claimed(Task);

impl Task {
    /// # Safety
    ///
    /// Rule B, and one reference is counted for the new one.
    pub(super) unsafe fn from_counted(pointer: NonNull<Header>) -> Self {
        Self(pointer)
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: rule A: `self` holds a reference.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn pointer(&self) -> NonNull<Header> {
        self.0
    }

    /// Notes where the owner table keeps this task, before it is first queued, which publishes it.
    pub(crate) fn set_place(&self, place: Place) {
        self.header().place.store(place.pack(), Ordering::Relaxed);
    }

    /// The task's id.
    pub(crate) fn id(&self) -> TaskId {
        self.header().id
    }

    /// What can be told of it, from what never changes and one look at the state.
    pub(crate) fn info(&self, name: Option<Arc<str>>) -> TaskInfo {
        let header = self.header();
        TaskInfo {
            id: header.id,
            name,
            spawned_at: header.location,
            stage: header.state.stage(),
        }
    }

    /// Takes the task to cancel it, if it is idle; else whoever has it, or pops it, will.
    pub(crate) fn claim(&self) -> Option<Claimed> {
        // The transition came with a reference of its own, which is the new one's.
        self.header().state.claim().then(|| Claimed(Task(self.0)))
    }

    /// Asks for the task to be cancelled.
    pub(super) fn abort(&self) {
        if self.header().state.abort() == Wake::Enqueue {
            // SAFETY: rules A and B; `Enqueue` came with a reference for the queue.
            unsafe { schedule(self.0) }
        }
    }
}

impl Clone for Task {
    fn clone(&self) -> Self {
        self.header().state.add_reference();
        Self(self.0)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        drop_references(self.0, 1);
    }
}

// SAFETY: rules A, C, D and E: what is reached through a reference is atomic, or guarded by the state.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Runnable {
    /// # Safety
    ///
    /// Rule B, SCHEDULED is set, and one reference is counted for the queue entry.
    pub(super) unsafe fn from_counted(pointer: NonNull<Header>) -> Self {
        Self(Task(pointer))
    }

    /// Polls the task once (or drops its future, if it was aborted).
    #[inline]
    pub(crate) fn run(self) {
        let pointer = ManuallyDrop::new(self.0).0;
        // SAFETY: rules A and B. The queue's reference goes to the thread that runs the task.
        unsafe { (pointer.as_ref().vtable.run)(pointer) }
    }

    /// Hands the task to its home.
    pub(crate) fn schedule(self) {
        let pointer = ManuallyDrop::new(self.0).0;
        // SAFETY: rules A and B; SCHEDULED is set, and our reference goes to the queue.
        unsafe { schedule(pointer) }
    }

    /// Drops the task's future unpolled and completes the task as cancelled.
    pub(crate) fn cancel(self) {
        // The task was popped: it is this thread's now, and aborted or not it is not polled.
        let _ = self.0.header().state.start();
        Claimed(self.0).cancel();
    }

    /// The queue's reference, as a bare pointer.
    pub(super) fn into_pointer(self) -> NonNull<Header> {
        ManuallyDrop::new(self.0).0
    }

    /// The task's id.
    pub(crate) fn id(&self) -> TaskId {
        self.0.header().id
    }

    /// Where the owner table keeps the task.
    pub(crate) fn place(&self) -> Place {
        self.0.header().place()
    }

    /// As [`place`](Self::place), to be unpacked by whoever needs it.
    #[inline]
    pub(crate) fn packed_place(&self) -> u64 {
        self.0.header().place.load(Ordering::Relaxed)
    }

    /// Where the task was spawned.
    #[inline]
    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.0.header().location
    }

    /// Whether the task may not leave its thread.
    pub(crate) fn is_local(&self) -> bool {
        self.0.header().vtable.local
    }
}

impl Claimed {
    /// Drops the task's future and completes the task as cancelled.
    pub(crate) fn cancel(self) {
        let pointer = ManuallyDrop::new(self.0).0;
        // SAFETY: rules A and B; the state says RUNNING on this thread's behalf.
        unsafe { (pointer.as_ref().vtable.cancel)(pointer) }
    }
}

/// Hands a task to its home.
///
/// # Safety
///
/// Rules A and B; SCHEDULED was set by the caller, and one reference goes to the queue.
pub(super) unsafe fn schedule(task: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (task.as_ref().vtable.schedule)(task) }
}

/// Gives up references and frees the cell with the last.
pub(super) fn drop_references(task: NonNull<Header>, count: usize) {
    // SAFETY: rule A: the caller has that many references.
    if unsafe { task.as_ref() }.state.drop_references(count) {
        // SAFETY: rules A and B: that was the last reference.
        unsafe { free(task) }
    }
}

/// # Safety
///
/// Rules A and B; the last reference is gone.
#[cold]
pub(super) unsafe fn free(task: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (task.as_ref().vtable.free)(task) }
}
