//! What a driver and everybody else share: a wheel under its lock, a clock, and how to end the driver's wait.

use std::sync::PoisonError;
// Std's in every build, as the thread-local beside it is no model's matter.
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;

use reveille_context::waiter::Waiter;

use crate::clock::Clock;
use crate::primitive::{Mutex, MutexGuard};
use crate::wheel::{Key, Wheel};

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
    /// What the threads that drive these timers keep spare.
    spares: Vec<Weak<Spare>>,
    /// It is long; what it has at its front lies beside the lock.
    pub(crate) wheel: Wheel<Waiter>,
}

/// The key of the place that a thread keeps spare in its timers' wheel, packed; zero if there is none. That thread alone writes,
/// without the lock when it leaves a place, and before it takes the lock for the place when it takes it back: whoever has the
/// lock and still finds the key here comes before that.
#[derive(Default)]
pub(crate) struct Spare(AtomicU64);

impl Spare {
    pub(crate) fn set(&self, key: Option<Key>) {
        // Release: pairs with the Acquire in `get`, for the place's entry. (To zero it pairs by way of the lock.)
        self.0.store(key.map_or(0, Key::pack), Ordering::Release);
    }

    fn get(&self) -> Option<Key> {
        // Acquire: pairs with the Release in `set`.
        Key::unpack(self.0.load(Ordering::Acquire))
    }
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
    /// One more thread drives these timers, and may keep a place spare.
    pub(crate) fn new_spare(&mut self) -> Arc<Spare> {
        let spare = Arc::new(Spare::default());
        self.spares.retain(|spare| spare.strong_count() > 0);
        self.spares.push(Arc::downgrade(&spare));
        spare
    }

    /// Takes out what all threads keep spare, for whoever wants to see only who waits. Who waited there is to be dropped where
    /// no lock is held.
    pub(crate) fn remove_spares(&mut self) -> Vec<Waiter> {
        let keys = self.spares.iter().filter_map(|spare| spare.upgrade()?.get());
        let wheel = &mut self.wheel;
        keys.filter_map(|key| wheel.remove(key)).collect()
    }

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
            spares: Vec::new(),
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
