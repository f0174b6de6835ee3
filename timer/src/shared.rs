//! What a driver and everybody else share: a wheel under its lock, a clock, and how to end the driver's wait.

use std::sync::PoisonError;
use std::task::Waker;

use reveille_context::waiter::Waiter;

use crate::clock::Clock;
use crate::primitive::{Mutex, MutexGuard};
use crate::wheel::Wheel;

pub(crate) struct Shared {
    state: Apart<Mutex<State>>,
    pub(crate) clock: Clock,
    pub(crate) unparker: Waker,
}

/// Alone in its cache lines (two at a time, as processors fetch them): who takes the lock must not slow down who reads the
/// clock or counts handles.
#[repr(align(128))]
struct Apart<T>(T);

#[repr(C)]
pub(crate) struct State {
    /// The tick until which the driver sleeps, `u64::MAX` for no end; `None` while it does not.
    pub(crate) sleeps_until: Option<u64>,
    pub(crate) closed: bool,
    /// It is long; what it has at its front lies beside the lock.
    pub(crate) wheel: Wheel<Waiter>,
}

/// What has become of a timer.
#[must_use]
#[derive(PartialEq)]
pub(crate) enum Renewed {
    /// It waits, and wakes as was asked for.
    Waits,
    /// Its deadline has passed.
    Fired,
    /// It is gone with the timers.
    Closed,
}

impl State {
    /// What has become of a timer that is not in the wheel.
    pub(crate) fn gone(&self) -> Renewed {
        if self.closed {
            Renewed::Closed
        } else {
            Renewed::Fired
        }
    }
}

impl Shared {
    pub(crate) fn new(clock: Clock, unparker: Waker) -> Self {
        let state = State {
            wheel: Wheel::new(clock.current_tick()),
            sleeps_until: None,
            closed: false,
        };
        Self {
            state: Apart(Mutex::new(state)),
            clock,
            unparker,
        }
    }

    /// A poisoned lock is whole: no foreign code runs under it, and the wheel's own panics come before it changes.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the driver if it sleeps for longer than until `when`, after unlocking. Once only: then the sleep that is
    /// written down is the shorter one.
    pub(crate) fn notify(&self, mut state: MutexGuard<'_, State>, when: u64) {
        let too_long = state.sleeps_until.is_some_and(|until| when < until);
        if too_long {
            state.sleeps_until = Some(when);
        }
        drop(state);
        if too_long {
            self.unparker.wake_by_ref();
        }
    }
}
