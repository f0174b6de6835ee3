//! A place in somebody's timers.

use std::panic::Location;
use std::task::Waker;

use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::current;
use crate::instant::Instant;
use crate::shared::Renewed;
use crate::timers::Handle;
use crate::wheel::Key;

/// Whoever holds it gives it up in the end: dropping it does not, since what waits there is foreign.
pub(crate) struct Registration {
    handle: Handle,
    key: Key,
}

impl Registration {
    /// `None` if the timers are closed.
    pub(crate) fn new(
        handle: Handle,
        deadline: Instant,
        waker: &Waker,
        location: &'static Location<'static>,
    ) -> Option<Self> {
        let waiter = Waiter::new(waker.clone(), location);
        match handle.insert(deadline, waiter) {
            Ok(key) => Some(Self { handle, key }),
            Err(_) => None,
        }
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Whether it is in the timers of this thread.
    pub(crate) fn is_current(&self) -> bool {
        current::is(&self.handle)
    }

    /// Whether it is in the timers that `handle` leads to.
    pub(crate) fn is_with(&self, handle: &Handle) -> bool {
        self.handle.is(handle)
    }

    /// Whether its timers fire no sooner than [`Instant::now`] says. Who moves a clock that stands may fire up to a tick early
    /// what the clock then says is not over.
    pub(crate) fn is_by_the_machines_clock(&self) -> bool {
        !self.handle.clock().was_paused()
    }

    /// Makes `waker` the one to be woken.
    pub(crate) fn renew(&self, waker: &Waker, location: &'static Location<'static>) -> Renewed {
        self.handle.renew(self.key, None, waker, location)
    }

    /// As [`renew`](Self::renew), for somebody else with a deadline of his own. False if the timer is gone.
    pub(crate) fn hand_on(
        &self,
        deadline: Instant,
        waker: &Waker,
        location: &'static Location<'static>,
    ) -> bool {
        self.handle.renew(self.key, Some(deadline), waker, location) == Renewed::Waits
    }

    /// Changes the deadline. False if the timer is gone.
    pub(crate) fn reset(&self, deadline: Instant) -> bool {
        self.handle.reset(self.key, deadline)
    }

    /// Gives the place up. Whoever does tells so first ([`tell_cancelled`](Self::tell_cancelled)).
    pub(crate) fn give_up(self) {
        let waiter = match self.is_current() {
            true => self.handle.remove(self.key),
            false => self.handle.abandon(self.key),
        };
        // This runs in destructors, where a second panic would abort.
        wake::contain(|| drop(waiter));
    }

    /// Tells a recorder that nobody waits here any more.
    #[inline]
    pub(crate) fn tell_cancelled(&self) {
        self.handle.tell_cancelled(self.key);
    }

    /// What a recorder knows it by.
    pub(crate) fn number(&self) -> u64 {
        self.handle.number_of(self.key)
    }

    /// Gives the place up, and returns who waited there.
    pub(crate) fn vacate(self) -> Option<Waiter> {
        self.handle.remove(self.key)
    }
}
