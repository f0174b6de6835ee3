//! Timers that were given up by other threads than the one that drives them.
//!
//! To take one out costs little, until two threads do so with one wheel all the time: then each finds the lock, the lists and the
//! entry in the other one's cache. So where the lock was not free the keys are left here, and who drives the wheel, or puts the
//! next timers in, takes out many at a time.
//!
//! ```text
//!              open: the driver is awake, and somebody has found the wheel's lock taken since it slept
//!   CLOSED ──────────────────────────────▶ OPEN: up to 512 keys are left; from 32 on whoever inserts takes them out,
//!      ▲                                    │    else the driver when it comes by
//!      └────────────────────────────────────┘
//!              may_sleep: the driver is about to sleep; it comes by first if there are keys
//! ```
//!
//! While it is closed a timer is taken out by whoever gives it up. So no key is left while the driver sleeps, nor the waker that
//! goes with it, which may keep a task in memory. That is so for drivers that come by again and again until they are closed, which
//! is for the maker of the timers to say; for others it is never opened.

use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::{mem, sync};

use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::primitive::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::shared::Apart;
use crate::wheel::Key;

/// The keys of such timers. Its lock is taken alone.
pub(crate) struct Abandoned {
    /// The driver comes by until it is closed.
    is_possible: bool,
    list: Apart<Mutex<List>>,
    /// Apart from what those write who leave keys, since they are read at each insertion and turn.
    hints: Apart<Hints>,
}

struct List {
    is_open: bool,
    /// The driver comes by only to sleep then: it stays closed for once.
    is_driver_tired: bool,
    keys: Vec<Key>,
}

/// All of them are Relaxed: what they say is looked up under the lock, or need not be known at once.
struct Hints {
    /// What the list says. It becomes open by the driver alone, which so never misses that.
    is_open: AtomicBool,
    /// Somebody has found the wheel's lock taken.
    is_wanted: AtomicBool,
    /// There are many keys.
    many: AtomicBool,
}

/// So many keys are taken out by the next insertion.
const MANY: usize = 32;

/// So many there are at most, if nobody inserts and the driver does not come by. Many more: who leaves them is the faster of the
/// two, and at the bound it would wait for the wheel as before.
const MOST: usize = 512;

impl Abandoned {
    pub(crate) fn new(is_possible: bool) -> Self {
        let list = List {
            is_open: false,
            is_driver_tired: false,
            keys: Vec::new(),
        };
        let hints = Hints {
            is_open: AtomicBool::new(false),
            is_wanted: AtomicBool::new(false),
            many: AtomicBool::new(false),
        };
        Self {
            is_possible,
            list: Apart(Mutex::new(list)),
            hints: Apart(hints),
        }
    }

    /// Leaves the key of a timer. False if the caller is to take it out.
    pub(crate) fn leave(&self, key: Key) -> bool {
        let hints = &self.hints.0;
        if !hints.is_open.load(Ordering::Relaxed) {
            return false;
        }
        let mut list = self.lock();
        let is_left = list.is_open && list.keys.len() < MOST;
        if is_left {
            list.keys.push(key);
            if list.keys.len() == MANY {
                set(&hints.many, true);
            }
        }
        is_left
    }

    /// The wheel's lock was taken, so it would be well to leave keys.
    pub(crate) fn want(&self) {
        set(&self.hints.0.is_wanted, self.is_possible);
    }

    /// Whether whoever inserts is to take out what is left.
    #[inline]
    pub(crate) fn are_many(&self) -> bool {
        self.hints.0.many.load(Ordering::Relaxed)
    }

    /// Whether there may be keys, or will be once it is open.
    #[inline]
    pub(crate) fn is_in_use(&self) -> bool {
        self.hints.0.is_open.load(Ordering::Relaxed) || self.hints.0.is_wanted.load(Ordering::Relaxed)
    }

    /// All that are left, to be taken out.
    pub(crate) fn take(&self) -> Vec<Key> {
        let mut keys = Vec::with_capacity(MOST);
        self.take_from(&mut self.lock(), &mut keys);
        keys
    }

    /// By the driver, which is awake. What is left is to be taken out; more `may_be_left`, or none.
    pub(crate) fn open(&self, may_be_left: bool) -> Vec<Key> {
        let mut keys = Vec::with_capacity(MOST);
        let mut list = self.lock();
        let is_driver_tired = mem::take(&mut list.is_driver_tired);
        self.set_open(&mut list, may_be_left && !is_driver_tired);
        // Answered, also by a refusal: else a driver whose list stays closed would ask at each turn.
        set(&self.hints.0.is_wanted, false);
        self.take_from(&mut list, &mut keys);
        keys
    }

    /// By the driver, which is about to sleep. False if there are keys: then it is to come by first, and finds none the next time.
    #[inline]
    pub(crate) fn may_sleep(&self) -> bool {
        !self.hints.0.is_open.load(Ordering::Relaxed) || self.close()
    }

    /// Whether there were no keys.
    #[cold]
    fn close(&self) -> bool {
        let mut list = self.lock();
        self.set_open(&mut list, false);
        let is_empty = list.keys.is_empty();
        list.is_driver_tired = !is_empty;
        // Until somebody finds the lock taken again; and till then the keys are asked for.
        set(&self.hints.0.is_wanted, !is_empty);
        is_empty
    }

    fn set_open(&self, list: &mut List, is_open: bool) {
        list.is_open = is_open;
        set(&self.hints.0.is_open, list.is_open);
    }

    /// Leaves what `keys` has room for in exchange.
    fn take_from(&self, list: &mut List, keys: &mut Vec<Key>) {
        set(&self.hints.0.many, false);
        mem::swap(&mut list.keys, keys);
    }

    /// No foreign code runs under it, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes only what is new: the line stays with those who read it.
fn set(hint: &AtomicBool, value: bool) {
    if hint.load(Ordering::Relaxed) != value {
        hint.store(value, Ordering::Relaxed);
    }
}

/// Waiters that a driver has taken out, for whoever calls the wakers that it hands out: where it takes them out no waker may be
/// dropped.
#[derive(Default)]
pub(crate) struct Remains(sync::Mutex<Vec<Waiter>>);

impl Remains {
    /// Has them dropped by the waker that is put into `woken`, when that is woken.
    pub(crate) fn hand_over(self: &Arc<Self>, waiters: Vec<Waiter>, woken: &mut Vec<Waker>) {
        if !waiters.is_empty() {
            self.lock().extend(waiters);
            woken.push(self.clone().into());
        }
    }

    fn lock(&self) -> sync::MutexGuard<'_, Vec<Waiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Remains {
    fn wake(self: Arc<Self>) {
        let waiters = mem::take(&mut *self.lock());
        drop_each(waiters);
    }
}

/// Drops them where no lock is held; one whose drop panics keeps no other, and does not end what called this.
pub(crate) fn drop_each(waiters: Vec<Waiter>) {
    for waiter in waiters {
        wake::contain(|| drop(waiter));
    }
}
