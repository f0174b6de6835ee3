//! What a recorder is told of timers.

use std::task::Waker;

use reveille_context::cause::{self, Cause};
use reveille_context::event::{self, Event, Resource};
use reveille_context::waiter::Waiter;

use crate::shared::{Shared, State};
use crate::wheel::Key;

/// A timer was set, or set anew, to that tick. To be told under the lock: before anybody can see it fire.
#[inline]
pub(crate) fn set(shared: &Shared, state: &State, key: Key, when: u64) {
    if event::is_on() {
        event::tell(move || {
            let (level, slot) = state.wheel.place(key).unzip();
            Event::TimerSet {
                timer: shared.number_of(key),
                after: shared.clock.until(when),
                level,
                slot,
            }
        });
    }
}

/// Its time has come: who waited is woken in its name.
#[inline]
pub(crate) fn fired(shared: &Shared, key: Key, waiter: Waiter) -> Waker {
    let waker = waiter.into_waker();
    if event::is_on() {
        let by_hand = shared.clock.was_paused();
        attach(shared.number_of(key), by_hand, waker)
    } else {
        waker
    }
}

#[cold]
#[inline(never)]
fn attach(timer: u64, by_hand: bool, waker: Waker) -> Waker {
    event::tell(move || Event::TimerFire { timer, by_hand });
    cause::attach(waker, || Cause::Timer(timer))
}

/// Nobody waits for it any more, though its place may be kept.
#[inline]
pub(crate) fn cancelled(shared: &Shared, key: Key) {
    event::emit(move || Event::TimerCancel {
        timer: shared.number_of(key),
    });
}

/// A sleep was polled in the current task.
#[cold]
pub(crate) fn touched(timer: u64, is_ready: bool) {
    event::emit_full(move || Event::Touch {
        resource: Resource::Timer,
        id: timer,
        is_ready,
    });
}

/// A sleep was dropped in the current task, or set anew.
#[cold]
pub(crate) fn dropped(timer: u64, is_done: bool) {
    event::emit_full(move || Event::FutureDrop {
        resource: Resource::Timer,
        id: timer,
        is_done,
    });
}
