//! What a driver and everybody else share: a wheel under its lock, a clock, and how to end the driver's wait.

use std::sync::{PoisonError, TryLockError};
// Std's in every build, as the thread-local beside it is no model's matter.
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;

use reveille_context::waiter::Waiter;

use crate::abandoned::{Abandoned, drop_each};
use crate::clock::Clock;
use crate::primitive::{Mutex, MutexGuard};
use crate::wheel::{Key, Wheel};

pub(crate) struct Shared {
    /// Tells the wheels of a process apart, for people.
    number: u32,
    state: Apart<Mutex<State>>,
    pub(crate) abandoned: Abandoned,
    pub(crate) clock: Clock,
    pub(crate) unparker: Waker,
}

/// Alone in its cache lines (two at a time, as processors fetch them): who takes the lock must not slow down who reads the
/// clock or counts handles.
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

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
    fn remove_spares(&mut self) -> Vec<Waiter> {
        let keys = self.spares.iter().filter_map(|spare| spare.upgrade()?.get());
        let wheel = &mut self.wheel;
        keys.filter_map(|key| wheel.remove(key)).collect()
    }

    /// Takes out what is still there of `keys`; who waited is to be dropped where no lock is held.
    pub(crate) fn remove_all(&mut self, keys: Vec<Key>) -> Vec<Waiter> {
        keys.into_iter()
            .filter_map(|key| self.wheel.remove(key))
            .collect()
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

static NEXT_NUMBER: AtomicU32 = AtomicU32::new(0);

impl Shared {
    /// What a recorder knows a timer by: as long as it is in the wheel, no other has that, but for a chance of one in 2^64.
    pub(crate) fn number_of(&self, key: Key) -> u64 {
        // The golden ratio's digits, after Knuth: neighbours lie far apart.
        key.pack() ^ u64::from(self.number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// `always_driven`: somebody advances them again and again until they are closed.
    pub(crate) fn new(clock: Clock, unparker: Waker, always_driven: bool) -> Self {
        let state = State {
            wheel: Wheel::new(clock.current_tick()),
            sleeps_until: None,
            closed: false,
            spares: Vec::new(),
        };
        Self {
            // Relaxed: only that no two are the same.
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            state: Apart(Mutex::new(state)),
            abandoned: Abandoned::new(always_driven),
            clock,
            unparker,
        }
    }

    /// The lock, if it is free.
    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.0.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Takes a timer out, by a thread that does not drive it: or leaves its key to the one that does, where the two are in each
    /// other's way. Who waited is to be dropped where no lock is held.
    pub(crate) fn abandon(&self, key: Key) -> Option<Waiter> {
        if self.abandoned.leave(key) {
            return None;
        }
        let mut state = self.try_lock().unwrap_or_else(|| {
            self.abandoned.want();
            self.lock()
        });
        state.wheel.remove(key)
    }

    /// A poisoned lock is whole: no foreign code runs under it, and the wheel's own panics come before it changes.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is but for the timers that nobody waits for any more: `look` sees who waits, and no more.
    pub(crate) fn see<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        if self.abandoned.is_in_use() {
            self.remove_abandoned();
        }
        let mut state = self.lock();
        let remains = state.remove_spares();
        let seen = look(&state);
        drop(state);
        drop_each(remains);
        seen
    }

    /// Takes out the timers that others have given up.
    #[cold]
    pub(crate) fn remove_abandoned(&self) {
        let abandoned = self.abandoned.take();
        let remains = self.lock().remove_all(abandoned);
        drop_each(remains);
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
