//! Which timers a thread uses, and the place in them that is spare.
//!
//! **The spare place.** Most sleeps are dropped before they end, and the task that drops one is often about to make the next: a
//! timeout for every message. So on a thread that drives its timers the place that was given up last stays in the wheel,
//! waker and all, and the next sleep takes it over: one critical section in place of two, and for the same task no waker is
//! cloned and none dropped. The driver's next turn on this thread takes it out of the wheel, so no wait of the driver ends
//! for it. If somebody else turns the driver meanwhile it may wake its task for nothing. Its waker stays, one for each
//! thread, until the thread's next timer: the turn holds the driver's lock, under which no waker is dropped. Who asks who waits,
//! and who moves a clock that stands, takes the spare places of all threads out ([`Spare`]).

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::instant::Instant;
use crate::primitive::thread_local;
use crate::registration::Registration;
use crate::shared::Spare;
use crate::timers::Handle;

/// The timers of this thread, if any; also `None` while the thread's locals are destroyed.
pub(crate) fn get() -> Option<Handle> {
    with(|current| current.handle.clone()).flatten()
}

/// The present of this thread's clock, if it has timers.
pub(crate) fn now() -> Option<Instant> {
    with(|current| current.handle.as_ref().map(|handle| handle.clock().now())).flatten()
}

/// Whether `handle` is current, without touching its reference count.
pub(crate) fn is(handle: &Handle) -> bool {
    with(|current| current.handle.as_ref().is_some_and(|current| current.is(handle))).unwrap_or(false)
}

/// Gives up `place`, to the next sleep of this thread if that may have it.
pub(crate) fn leave(place: Registration) {
    // Also of one that is kept here: nobody waits for it.
    place.tell_cancelled();
    let mut left = Some(place);
    let has_remains = with(|current| {
        if current.may_keep(left.as_ref()) {
            mem::swap(&mut current.spare, &mut left);
            current.tell();
        }
        current.remains.is_some()
    });
    if let Some(place) = left {
        place.give_up();
    }
    if has_remains == Some(true) {
        drop_remains();
    }
}

/// The spare place, if there is one: in the timers of this thread.
pub(crate) fn take_spare() -> Option<Registration> {
    let place = with(Current::take_spare).flatten();
    if place.is_none() {
        drop_remains();
    }
    place
}

/// Takes what is spare out of the wheel. Drops no waker.
pub(crate) fn vacate_spare() {
    let Some(place) = with(Current::take_spare).flatten() else {
        return;
    };
    let mut remains = place.vacate();
    // There were none: who left the place has seen to that.
    with(|current| mem::swap(&mut current.remains, &mut remains));
}

fn drop_remains() {
    let remains = with(|current| current.remains.take());
    // This runs in destructors, where a second panic would abort.
    wake::contain(|| drop(remains));
}

/// Makes `handle` current, and says whether this thread drives it. Returns what was, which is never dropped in here: its
/// unparker is foreign code, which may ask for the current timers.
pub(crate) fn replace(handle: Option<Handle>, drives: bool) -> (Option<Handle>, bool) {
    vacate_spare();
    let told = handle.as_ref().filter(|_| drives).map(Handle::new_spare);
    with(|current| {
        current.told = told;
        let handle = mem::replace(&mut current.handle, handle);
        (handle, mem::replace(&mut current.drives, drives))
    })
    .unwrap_or_default()
}

/// A handle is current on this thread while this lives; made by [`Handle::enter`].
#[must_use = "the handle stops being current when the guard is dropped"]
pub struct EnterGuard {
    previous: Option<Handle>,
    drove: bool,
    /// The guard must be dropped on the thread that it is about.
    not_send: PhantomData<*const ()>,
}

impl EnterGuard {
    pub(crate) fn new(handle: Handle) -> Self {
        let (previous, drove) = replace(Some(handle), false);
        Self {
            previous,
            drove,
            not_send: PhantomData,
        }
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        replace(self.previous.take(), self.drove);
        // A guard is dropped where no lock is held.
        drop_remains();
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

struct Current {
    handle: Option<Handle>,
    /// Whether this thread turns them.
    drives: bool,
    spare: Option<Registration>,
    /// Where others see that, if it turns them.
    told: Option<Arc<Spare>>,
    /// Who waited in the last one, which is in the wheel no more.
    remains: Option<Waiter>,
}

impl Current {
    /// Takes the spare place back, so that nobody else takes it out.
    fn take_spare(&mut self) -> Option<Registration> {
        let place = self.spare.take();
        if place.is_some() {
            self.tell();
        }
        place
    }

    fn tell(&self) {
        if let Some(told) = &self.told {
            told.set(self.spare.as_ref().map(Registration::key));
        }
    }

    /// Not under a clock that was ever paused: it would be taken out before each of its steps.
    fn may_keep(&self, place: Option<&Registration>) -> bool {
        let (Some(handle), Some(place)) = (&self.handle, place) else {
            return false;
        };
        self.told.is_some() && place.is_with(handle) && !handle.clock().was_paused()
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        if let Some(place) = self.spare.take() {
            let waiter = place.vacate();
            wake::contain(|| drop(waiter));
        }
        let remains = self.remains.take();
        wake::contain(|| drop(remains));
    }
}

fn with<R>(access: impl FnOnce(&mut Current) -> R) -> Option<R> {
    CURRENT.try_with(|current| access(&mut current.borrow_mut())).ok()
}

thread_local! {
    static CURRENT: RefCell<Current> = RefCell::new(Current {
        handle: None,
        drives: false,
        spare: None,
        told: None,
        remains: None,
    });
}
