//! References to a task, each with what its holder may do.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;

use reveille_context::event::{self, Event, Queue};
use reveille_context::task::TaskId;

use super::cell::Header;
use super::info::{Seen, TaskInfo, TaskStage};
use super::owner::OwnWake;
use super::place::Place;
use super::state::Found;
use super::told;
use crate::schedule_latency::ScheduleLatency;

/// A counted reference to a task, whatever its future.
pub(crate) struct Task(NonNull<Header>);

/// A task as its owner table knows it: not counted, since the runtime's share of it is given up when it was taken out of there.
pub(crate) struct Listed(NonNull<Header>);

/// A task that was never queued. It is to be scheduled or cancelled.
#[must_use]
pub(crate) struct Spawned {
    task: NonNull<Header>,
    /// Whether it is bound to another thread, so that it comes there by mail.
    by_mail: bool,
}

/// A task that is on its way to or out of a queue. It is to be run or cancelled: nobody else will.
#[must_use]
pub(crate) struct Runnable(NonNull<Header>);

/// A bound task that another thread woke or spawned; counted.
pub(crate) struct Mail(Task);

/// What came of a mail.
#[must_use]
pub(crate) enum Delivery {
    /// To be queued.
    Queue(Runnable),
    /// The task is queued already.
    Nothing,
    /// The task was complete before.
    Late,
}

/// A complete task with the runtime's share of it: to be taken out of its owner table, and dropped after that.
#[must_use]
pub(crate) struct Finished(Task);

/// An idle task that was taken from under its wakers in order to be cancelled.
#[must_use]
pub(crate) struct Claimed(NonNull<Header>);

impl Task {
    /// # Safety
    ///
    /// Rule B, and one reference is counted for the new one.
    pub(super) unsafe fn from_counted(pointer: NonNull<Header>) -> Self {
        Self(pointer)
    }

    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: rule A: `self` holds a reference.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn pointer(&self) -> NonNull<Header> {
        self.0
    }

    /// The address of who waits for the output ([`Seen::joiner`]).
    #[cfg_attr(loom, allow(dead_code, reason = "in a model nobody looks"))]
    pub(crate) fn joiner(&self) -> usize {
        self.header().join_waker.address()
    }

    /// The task's id.
    pub(crate) fn id(&self) -> TaskId {
        self.header().id
    }

    /// Asks for the task to be cancelled.
    pub(super) fn abort(&self) {
        told::aborted(self.id());
        // SAFETY: rules A and B.
        unsafe { (self.header().vtable.abort)(self.0) }
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
        drop_reference(self.0);
    }
}

impl Listed {
    /// # Safety
    ///
    /// Rule B; this is dropped before the runtime's share of the task is given up.
    pub(super) unsafe fn new(pointer: NonNull<Header>) -> Self {
        Self(pointer)
    }

    fn header(&self) -> &Header {
        // SAFETY: rule A: what is in an owner table is alive.
        unsafe { self.0.as_ref() }
    }

    /// Notes where the owner table keeps this task, before it is first queued, which publishes it.
    pub(crate) fn set_place(&self, place: Place) {
        self.header().set_place(place);
    }

    /// Tells a recorder that it was spawned.
    #[inline]
    pub(crate) fn tell_spawned(&self, name: Option<&str>) {
        told::spawned(self.header(), name);
    }

    /// The task's id.
    pub(crate) fn id(&self) -> TaskId {
        self.header().id
    }

    /// Whether nothing is left of it but its place here. Of a bound task never: its place goes with it.
    pub(crate) fn is_kept(&self) -> bool {
        let header = self.header();
        !header.vtable.bound && header.owner.stage() == TaskStage::Complete
    }

    /// What can be told of it, from what never changes and one look at the state.
    pub(crate) fn info(&self, name: Option<Arc<str>>) -> TaskInfo {
        let header = self.header();
        TaskInfo {
            id: header.id,
            name,
            spawned_at: header.location,
            stage: header.stage(),
        }
    }

    /// The same, with the addresses that tell who waits for whom.
    pub(crate) fn see(&self, name: Option<Arc<str>>) -> Seen {
        Seen {
            info: self.info(name),
            address: self.0.addr().get(),
            joiner: self.header().join_waker.address(),
        }
    }

    /// Takes the task to cancel it, if it is idle; else whoever has it, or pops it, will. Of a bound task, by whoever has
    /// the exclusive right to it.
    pub(crate) fn claim(&self) -> Option<Claimed> {
        let header = self.header();
        let claimed = if header.vtable.bound {
            header.state.abort_bound() && header.owner.claim()
        } else {
            header.state.claim()
        };
        claimed.then_some(Claimed(self.0))
    }
}

// SAFETY: rules A, C, D, E and G: what is reached through a reference is atomic, or guarded by state and owner.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}
// SAFETY: as above.
unsafe impl Send for Listed {}
// SAFETY: as above.
unsafe impl Sync for Listed {}
// SAFETY: as above.
unsafe impl Send for Spawned {}
// SAFETY: as above.
unsafe impl Send for Runnable {}
// SAFETY: as above.
unsafe impl Send for Claimed {}

impl Spawned {
    /// # Safety
    ///
    /// Rule B. `by_mail` is so if the state was made for that; a reference is counted for the mail then. Else SCHEDULED is
    /// set, or for a bound task QUEUED.
    pub(super) unsafe fn new(task: NonNull<Header>, by_mail: bool) -> Self {
        Self { task, by_mail }
    }

    /// Hands the task to its home.
    #[inline]
    pub(crate) fn schedule(self) {
        // SAFETY: rules A and B.
        let vtable = unsafe { self.task.as_ref() }.vtable;
        if self.by_mail {
            // SAFETY: rule B; SCHEDULED is set, and the mail's reference is counted.
            unsafe { (vtable.post)(self.task) }
        } else {
            // SAFETY: rule B; SCHEDULED or QUEUED is set.
            unsafe { (vtable.schedule)(self.task) }
        }
    }

    /// The task, to be queued elsewhere than at its home.
    pub(crate) fn into_runnable(self) -> Runnable {
        debug_assert!(!self.by_mail);
        Runnable(self.task)
    }

    /// Drops the task's future unpolled and completes the task as cancelled, instead of scheduling it.
    pub(crate) fn cancel(self) {
        if !self.by_mail {
            return self.into_runnable().cancel();
        }
        // SAFETY: rule A: this is the reference that is counted for the mail.
        let task = unsafe { Task::from_counted(self.task) };
        // Nobody knows the task: the right is with whoever spawns it.
        if task.header().owner.claim() {
            Claimed(self.task).cancel();
        }
    }
}

impl Runnable {
    /// # Safety
    ///
    /// Rules A and B; SCHEDULED, or for a bound task QUEUED, was set for this one.
    #[inline]
    pub(super) unsafe fn new(pointer: NonNull<Header>) -> Self {
        Self(pointer)
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: rule A: what is queued is not complete.
        unsafe { self.0.as_ref() }
    }

    /// Polls the task once (or drops its future, if it was aborted). If it was woken meanwhile it comes back, to be queued
    /// behind all others: at its home, if this thread has stopped to run the tasks of that.
    #[inline]
    pub(crate) fn run(self) -> Option<Runnable> {
        // SAFETY: rules A and B.
        let again = unsafe { (self.header().vtable.run)(self.0) };
        again.then_some(self)
    }

    /// Tells a recorder that it is about to be put into that queue.
    #[inline(always)]
    pub(crate) fn tell_queued(&self, queue: impl FnOnce() -> Queue) {
        // Not `self`: what is referred to has to lie in memory, recorder or none.
        let header = self.header();
        event::emit(move || Event::Enqueue {
            task: header.id,
            queue: queue(),
        });
    }

    /// Drops the task's future unpolled and completes the task as cancelled.
    pub(crate) fn cancel(self) {
        let header = self.header();
        // It was popped: it is this thread's now, and aborted or not it is not polled.
        if header.vtable.bound {
            header.owner.start();
        }
        Claimed(self.0).cancel();
    }

    /// As a bare pointer.
    pub(super) fn into_pointer(self) -> NonNull<Header> {
        self.0
    }

    /// The task's id.
    #[inline]
    pub(crate) fn id(&self) -> TaskId {
        self.header().id
    }

    /// Where the owner table keeps the task.
    #[inline]
    pub(crate) fn place(&self) -> Place {
        self.header().place()
    }

    /// Where the task was spawned.
    #[inline]
    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.header().location
    }

    /// Whether the task may not leave its thread.
    pub(crate) fn is_local(&self) -> bool {
        self.header().vtable.local
    }
}

impl Mail {
    /// # Safety
    ///
    /// Rule B; the task is bound, SCHEDULED was set for this mail, and one reference is counted for it.
    pub(super) unsafe fn from_counted(pointer: NonNull<Header>) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { Task::from_counted(pointer) })
    }

    /// Tells a recorder that it is about to be sent, if that is what its task is queued by: its own thread may have it already.
    #[inline]
    pub(crate) fn tell_sent(&self) {
        if event::is_on() && self.0.header().owner.stage() == TaskStage::Idle {
            event::emit(move || Event::Enqueue {
                task: self.0.id(),
                queue: Queue::Global,
            });
        }
    }

    /// Wakes the task, by the thread that has the exclusive right to it.
    pub(crate) fn open(self, latency: Option<&ScheduleLatency>) -> Delivery {
        let task = ManuallyDrop::new(self.0);
        let (header, id) = (task.header(), task.id());
        let opened = header.state.open();
        let delivery = match opened.found {
            Found::Incomplete if header.owner.wake() == OwnWake::Enqueue => {
                if opened.is_marked {
                    header.mark();
                }
                // SAFETY: rules A and B: it is not complete, only this thread could complete it, and QUEUED was set.
                Delivery::Queue(unsafe { Runnable::new(task.pointer()) })
            }
            Found::Incomplete => Delivery::Nothing,
            // Not ours any more: whoever has the last reference may free it.
            Found::Complete => Delivery::Late,
            Found::Last => {
                // SAFETY: rules A and B: ours was the last reference.
                unsafe { free(task.pointer()) };
                Delivery::Late
            }
        };
        if let Some(latency) = latency.filter(|_| opened.is_marked) {
            latency.arrive(id, matches!(delivery, Delivery::Queue(_)));
        }
        delivery
    }
}

impl Finished {
    /// # Safety
    ///
    /// Rule B; the runtime's share is handed to this.
    pub(super) unsafe fn new(pointer: NonNull<Header>) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { Task::from_counted(pointer) })
    }

    /// Where the owner table keeps it.
    pub(crate) fn place(&self) -> Place {
        self.0.header().place()
    }

    /// It is to be taken out later, by the thread that completed it, which has the right still.
    pub(crate) fn keep(&self) {
        self.0.header().owner.complete();
    }
}

impl Claimed {
    /// Drops the task's future and completes the task as cancelled.
    pub(crate) fn cancel(self) {
        // SAFETY: rule A: it is not complete.
        let header = unsafe { self.0.as_ref() };
        if !header.vtable.bound {
            header.owner.begin_poll();
        }
        // SAFETY: rules A and B; this thread has the task.
        unsafe { (header.vtable.cancel)(self.0) }
    }
}

/// Gives up a reference and frees the cell with the last.
#[inline]
pub(super) fn drop_reference(task: NonNull<Header>) {
    // SAFETY: rule A: the caller has that reference.
    if unsafe { task.as_ref() }.state.drop_reference() {
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
