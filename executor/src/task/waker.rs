//! The waker of a task: a counted reference to its cell, behind one vtable for all tasks of a kind of home.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use reveille_context::event::{self, Effect};

use super::cell::{Front, Header, Schedule};
use super::info::TaskStage;
use super::owner::OwnWake;
use super::polled;
use super::reference::{Mail, Runnable, drop_reference, free};
use super::state::Wake;
use super::told;
use crate::schedule_latency;

/// A waker for the poll that runs now. It counts no reference: the task is not complete as long as it runs.
#[inline]
pub(super) fn borrowed<S: Schedule>(task: NonNull<Header>) -> BorrowedWaker {
    // SAFETY: rules A and B; `ManuallyDrop` gives no reference up.
    BorrowedWaker(ManuallyDrop::new(unsafe {
        Waker::new(task.as_ptr().cast(), &S::wakers().table)
    }))
}

/// Made by [`borrowed`]; clones of the waker inside are counted.
pub(super) struct BorrowedWaker(ManuallyDrop<Waker>);

impl Deref for BorrowedWaker {
    type Target = Waker;

    #[inline]
    fn deref(&self) -> &Waker {
        &self.0
    }
}

// BOOK: ch04
/// The vtable of the wakers of one kind of home's tasks. Each kind has one, in a static, so that `Waker::will_wake` is
/// right.
pub(crate) struct Wakers<S> {
    table: RawWakerVTable,
    of: PhantomData<fn() -> S>,
}

impl<S: Schedule> Wakers<S> {
    pub(crate) const fn new() -> Self {
        Self {
            table: RawWakerVTable::new(clone::<S>, wake_by_value::<S>, wake_by_ref::<S>, drop_waker::<S>),
            of: PhantomData,
        }
    }
}

// Each of the four asks once whether it is to be told, and goes on elsewhere then: a call that it came back from would cost a frame.

unsafe fn clone<S: Schedule>(data: *const ()) -> RawWaker {
    if event::is_full() {
        // SAFETY: the caller's promise, that of a waker's table.
        unsafe { clone_and_tell::<S>(data) }
    } else {
        // SAFETY: as above.
        unsafe { clone_untold::<S>(data) }
    }
}

unsafe fn drop_waker<S: Schedule>(data: *const ()) {
    if event::is_full() {
        // SAFETY: the caller's promise, that of a waker's table.
        unsafe { drop_waker_and_tell::<S>(data) }
    } else {
        // SAFETY: as above.
        unsafe { drop_waker_untold::<S>(data) }
    }
}

unsafe fn wake_by_ref<S: Schedule>(data: *const ()) {
    let task = header(data);
    if event::is_on() {
        // SAFETY: rules A and B: the waker holds a reference, which stays, or the task runs.
        unsafe { wake_and_tell::<S>(task, false) }
    } else {
        // SAFETY: as above.
        unsafe { wake::<S, false>(task, false) }
    }
}

unsafe fn wake_by_value<S: Schedule>(data: *const ()) {
    let task = header(data);
    if event::is_on() {
        // SAFETY: rules A and B: the waker holds a reference, which goes along.
        unsafe { wake_and_tell::<S>(task, true) }
    } else {
        // SAFETY: as above.
        unsafe { wake::<S, false>(task, true) }
    }
}

/// # Safety
///
/// As of the function in a waker's table.
#[cold]
#[inline(never)]
unsafe fn clone_and_tell<S: Schedule>(data: *const ()) -> RawWaker {
    // SAFETY: the caller's promise.
    let waker = unsafe { clone_untold::<S>(data) };
    // SAFETY: rules A and B: the new waker holds a reference.
    told::cloned(&unsafe { front::<S>(header(data)) }.header);
    waker
}

/// # Safety
///
/// As of the function in a waker's table.
#[inline(always)]
unsafe fn clone_untold<S: Schedule>(data: *const ()) -> RawWaker {
    let task = header(data);
    // SAFETY: rules A and B: the waker that is cloned holds a reference, or the task runs.
    let front = unsafe { front::<S>(task) };
    if !count(front, task, 1) {
        front.header.state.add_reference();
    }
    RawWaker::new(data, &S::wakers().table)
}

/// # Safety
///
/// As of the function in a waker's table.
#[cold]
#[inline(never)]
unsafe fn drop_waker_and_tell<S: Schedule>(data: *const ()) {
    // SAFETY: rules A and B: the waker holds a reference.
    told::dropped(&unsafe { front::<S>(header(data)) }.header);
    // SAFETY: the caller's promise.
    unsafe { drop_waker_untold::<S>(data) }
}

/// # Safety
///
/// As of the function in a waker's table.
#[inline(always)]
unsafe fn drop_waker_untold<S: Schedule>(data: *const ()) {
    let task = header(data);
    // SAFETY: rules A and B: the waker holds a reference, which is given up last.
    if !count(unsafe { front::<S>(task) }, task, -1) {
        drop_reference(task);
    }
}

/// Wakes a bound task that was aborted, so that its thread cancels it.
///
/// # Safety
///
/// Rules A and B: the caller has a reference, which stays.
pub(super) unsafe fn wake_to_cancel<S: Schedule>(task: NonNull<Header>) {
    // SAFETY: the caller's promise; the wakers of that home's tasks point to their headers.
    unsafe { wake_by_ref::<S>(task.as_ptr().cast_const().cast()) }
}

/// # Safety
///
/// As [`wake`].
#[cold]
#[inline(never)]
unsafe fn wake_and_tell<S: Schedule>(task: NonNull<Header>, by_value: bool) {
    // SAFETY: the caller's promise.
    unsafe { wake::<S, true>(task, by_value) }
}

/// Wakes a task, and tells a recorder of all that comes of it; or, where it was found that there is none, not of the wake.
///
/// # Safety
///
/// Rules A and B: the caller has a reference, which is given up if `by_value`; or the task runs. Its home is an `S`.
#[inline(always)]
unsafe fn wake<S: Schedule, const TOLD: bool>(task: NonNull<Header>, by_value: bool) {
    // SAFETY: the caller's promise.
    if !unsafe { wake_if_ours::<S, TOLD>(task) } {
        // SAFETY: the caller's promise.
        unsafe { wake_of_others::<S, TOLD>(task, by_value) }
    } else if by_value {
        // SAFETY: the caller's promise: until the reference is dropped.
        if !unsafe { front::<S>(task) }.header.owner.count(-1) {
            drop_reference(task);
        }
    }
}

/// Wakes a task to which this thread has the exclusive right (rule G). False if it has not.
///
/// # Safety
///
/// Rules A and B; the task's home is an `S`.
#[inline(always)]
unsafe fn wake_if_ours<S: Schedule, const TOLD: bool>(task: NonNull<Header>) -> bool {
    // SAFETY: the caller's promise.
    let front = unsafe { front::<S>(task) };
    let owner = &front.header.owner;
    if !S::BOUND {
        let ours = polled::is(task);
        if ours {
            // This thread polls it, and has it queued again after that.
            owner.note_self_wake();
            if TOLD {
                told::woken(&front.header, || Effect::Rescheduled);
            }
        }
        return ours;
    }
    if !S::is_here(front.home.as_ptr()) {
        return false;
    }
    match owner.wake() {
        OwnWake::Enqueue => {
            if TOLD {
                told::woken(&front.header, || Effect::Scheduled);
            }
            // SAFETY: rules A and B: it is not complete, and QUEUED was set.
            unsafe { push::<S, TOLD>(task) }
        }
        OwnWake::Nothing if TOLD => told::woken(&front.header, || match owner.stage() {
            TaskStage::Running => Effect::Rescheduled,
            _ => Effect::Coalesced,
        }),
        OwnWake::Nothing => {}
        // From then on the right is nobody's.
        OwnWake::Done => return false,
    }
    true
}

/// Counts a reference more or less, if this thread may without a read-modify-write (rule G).
#[inline]
fn count<S: Schedule>(front: &Front<S>, task: NonNull<Header>, change: i8) -> bool {
    let ours = if S::BOUND {
        S::is_here(front.home.as_ptr()) && !front.header.owner.is_done()
    } else {
        polled::is(task)
    };
    ours && front.header.owner.count(change)
}

/// # Safety
///
/// As [`wake`].
unsafe fn wake_of_others<S: Schedule, const TOLD: bool>(task: NonNull<Header>, by_value: bool) {
    // SAFETY: the caller's promise.
    let header = unsafe { &front::<S>(task).header };
    // Of the header nothing is used after that but a copy.
    let (id, before) = (header.id, if TOLD { told::before_wake(header) } else { None });
    let state = &header.state;
    let wake = match (S::BOUND, by_value) {
        (false, false) => state.wake_by_ref(),
        (false, true) => state.wake_by_value(),
        (true, false) => state.post(),
        (true, true) => state.post_by_value(),
    };
    told::woken_then::<S>(id, &wake, before);
    match wake {
        // SAFETY: rules A and B: SCHEDULED was set by this thread, and one reference counted for the mail.
        Wake::Enqueue if S::BOUND => unsafe { post::<S>(task) },
        // SAFETY: rules A and B: it is not complete, and nobody else gets to it until it is queued.
        Wake::Enqueue => unsafe { push::<S, TOLD>(task) },
        Wake::Nothing => {}
        // SAFETY: rules A and B; the waker's was the last reference.
        Wake::Free => unsafe { free(task) },
    }
}

/// Queues a task at its home.
///
/// # Safety
///
/// Rules A, B and H; SCHEDULED, or for a bound task QUEUED, was set by this thread.
#[inline(always)]
pub(super) unsafe fn push<S: Schedule, const TOLD: bool>(task: NonNull<Header>) {
    // SAFETY: the caller's promise. It is not used again once the task is where another thread can run it to its end.
    let front = unsafe { front::<S>(task) };
    // SAFETY: the caller's promise.
    let home = unsafe { front.home.follow() };
    front.header.mark_if_due(home.latency());
    // SAFETY: the caller's promise.
    let task = unsafe { Runnable::new(task) };
    if let Err(task) = S::push_here::<TOLD>(home, task) {
        // Rule H: the task came back, and nobody finds it before this is dropped: here, not in a frame that it is handed to.
        let _handed_on = S::push_from_elsewhere(home, task);
    }
}

/// Sends a bound task to its thread.
///
/// # Safety
///
/// Rules A, B and H; the task is bound, SCHEDULED was set by this thread, and one reference is counted for the mail.
pub(super) unsafe fn post<S: Schedule>(task: NonNull<Header>) {
    // SAFETY: the caller's promise. It is not used again once the mail is where another thread opens it.
    let front = unsafe { front::<S>(task) };
    // SAFETY: rule H: the mail is not opened, since it was not sent.
    let home = unsafe { front.home.to_arc() };
    if let Some(latency) = home.latency() {
        if schedule_latency::is_due() && latency.begin(front.header.id, true) {
            front.header.state.mark();
        }
    }
    // SAFETY: the caller's promise.
    S::post(home, unsafe { Mail::from_counted(task) });
}

fn header(data: *const ()) -> NonNull<Header> {
    // SAFETY: it was a `NonNull` when the waker was made.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

/// # Safety
///
/// Rules A and B; the task's home is an `S`.
#[inline]
unsafe fn front<'a, S>(task: NonNull<Header>) -> &'a Front<S> {
    // SAFETY: the caller's promise.
    unsafe { task.cast().as_ref() }
}
