//! With which reactor a socket is registered.

use std::fmt;
use std::io;
use std::mem;

use reveille_context::wake;

use crate::primitive::{Arc, Mutex, lock};
use crate::slot::Slot;
use crate::station::Station;
use crate::table::{Refused, Table};
use crate::token::Token;

/// A reactor as a socket sees it: in a running program [`Handle`](crate::Handle), in the models a stand-in.
pub(crate) trait Host: Clone + fmt::Debug {
    /// What the operating system knows a socket by.
    type Identity: Copy + fmt::Debug;

    /// Whether the system reports a readiness only once per [`renew`](Self::renew).
    const REPORTS_ONCE: bool = false;

    /// Tells the reactors apart between which [`find`](Self::find) chooses, at less cost.
    fn here() -> Station;
    /// The reactor with which a socket that waits on this thread is to be registered.
    fn find() -> io::Result<Self>;
    /// Its table.
    fn table(&self) -> &Table;
    /// Asks the system to report the readiness of `identity`, the present one first.
    fn add(&self, identity: Self::Identity, token: Token) -> io::Result<()>;
    /// Asks the system to report again what is ready.
    fn renew(&self, identity: Self::Identity, token: Token) -> io::Result<()> {
        let _ = (identity, token);
        Ok(())
    }
    /// Asks the system to report no more of what was added with `token`.
    fn delete(&self, identity: Self::Identity, token: Token);
}

/// A socket's slot, and the reactors that it is registered with: one of each group by way of which it was waited for,
/// for nobody may be driving the other groups', and none is left while somebody may still be waiting there. Most sockets
/// see one group in their life. Dropping this ends the registrations.
///
/// # Moving
///
/// Within a group a socket is with the reactor by way of which it was waited for first, until it has been waited for so
/// many times in a row by way of another. Then it moves:
///
/// ```text
///               the lock of homes is held
///   ────────────┬────────┬────────────┬──────────────┬────────────┬────────┐
///   new table   │ insert │            │              │            │        │
///   system      │        │ ADD at new │              │ DEL at old │        │
///   slot        │        │            │ station: new │            │        │
///   old table   │        │            │              │            │ remove │
///   events come │ by old │ by old     │ by both      │ by both    │ by new │ by new
/// ```
///
/// What was the case before ADD is reported by ADD, what comes after it by the new reactor; so nothing is lost when the
/// old one's last events find nobody in its table. If ADD fails the socket stays. A slot counts as attached all the time,
/// so that nobody who waits has to know: whoever reads the old station beside it finds the same group there. If one of the
/// two closes meanwhile, the slot is detached, all waiters are woken, and attach anew: to the other one if that is open.
///
/// Locks are taken in this order: homes, table, waiters of a half; that of the system calls is taken alone, or in homes.
#[derive(Debug)]
pub(crate) struct Membership<H: Host> {
    pub(crate) slot: Arc<Slot>,
    /// At most one open one in each group. Held during the system calls that register and move, so that of two halves that
    /// begin to wait at the same time one registers and the other waits for it. Not touched while the slot is attached to
    /// the group by way of which it is waited for.
    homes: Mutex<Vec<Home<H>>>,
}

#[derive(Debug)]
struct Home<H: Host> {
    host: H,
    /// [`Host::here`] of the threads whose reactor that is.
    station: Station,
    token: Token,
    identity: H::Identity,
}

impl<H: Host> Membership<H> {
    /// With no reactor yet. `presume_ready`: the first operation shall be tried at once.
    pub(crate) fn new(presume_ready: bool) -> Self {
        Self {
            slot: Arc::new(Slot::new(presume_ready)),
            homes: Mutex::new(Vec::new()),
        }
    }

    /// Makes sure that events reach the slot by way of this thread's reactor, or one that stands in for it. After a
    /// registration the system reports the readiness that there is already, so nothing that came before is missed.
    ///
    /// If the system refuses, a socket that is registered with other reactors stays there.
    pub(crate) fn attach(
        &self,
        identity: H::Identity,
        mut add: impl FnMut(&H, Token) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut homes = lock(&self.homes);
        while !self.slot.is_attached_for(H::here()) {
            let station = H::here();
            let host = H::find()?;
            if let Some(home) = homes.iter().find(|home| home.stands_in_for(station)) {
                // Registered by an earlier wait. If its reactor closes just now: once more.
                if home.host.table().readmit(&self.slot) {
                    self.slot.attached_at(home.station);
                }
                continue;
            }
            let token = match host.table().insert(&self.slot) {
                Ok(token) => token,
                // It closed just now: look again, which finds another one or says why there is none.
                Err(Refused::Closed) => continue,
                Err(Refused::Full) => return Err(io::Error::other("the reactor's table is full")),
            };
            if let Err(error) = add(&host, token) {
                self.slot.not_attached();
                // Not the last reference, this socket has its own: no waker is dropped here under the lock.
                drop(host.table().remove(token));
                return Err(error);
            }
            // Most sockets have one home in their life: no room for four.
            homes.reserve_exact(1);
            homes.push(Home {
                host,
                station,
                token,
                identity,
            });
            // Those that have closed are not needed any more; the system may keep them open a while.
            while let Some(closed) = homes.iter().position(|home| home.host.table().is_closed()) {
                homes.remove(closed).leave();
            }
            // In vain if a reactor closed after `insert`, this one or another: then once more.
            self.slot.attached_at(station);
        }
        Ok(())
    }

    /// Moves the registration with another reactor of this thread's group to this thread's own reactor. It stays where it
    /// is if the system refuses, or if a reactor closes just now.
    #[cold]
    pub(crate) fn move_here(&self, identity: H::Identity) {
        let mut homes = lock(&self.homes);
        let station = H::here();
        let elsewhere = |home: &&mut Home<H>| home.station != station && home.stands_in_for(station);
        // Somebody else may have moved it here, or it may have had to leave.
        let Some(home) = homes.iter_mut().find(elsewhere) else {
            return;
        };
        let Ok(host) = H::find() else { return };
        let Ok(token) = host.table().insert(&self.slot) else {
            return;
        };
        if host.add(identity, token).is_err() {
            self.slot.not_attached();
            // Not the last reference, as in `attach`.
            drop(host.table().remove(token));
            return;
        }
        let arrived = Home {
            host,
            station,
            token,
            identity,
        };
        let left = mem::replace(home, arrived);
        // In vain if one of the two closed meanwhile. Whoever waits is woken by that, and attaches anew.
        self.slot.attached_at(station);
        left.leave();
    }

    /// Before one waits: the system is to report once more, where it has to be asked for that.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let homes = lock(&self.homes);
        let mut open = homes.iter().filter(|home| !home.host.table().is_closed());
        open.try_for_each(|home| home.host.renew(home.identity, home.token))
    }

    /// A reactor, and the token there.
    pub(crate) fn home(&self) -> Option<(H, Token)> {
        let homes = lock(&self.homes);
        homes.first().map(|home| (home.host.clone(), home.token))
    }
}

impl<H: Host> Drop for Membership<H> {
    fn drop(&mut self) {
        let homes = mem::take(&mut *lock(&self.homes));
        homes.into_iter().for_each(Home::leave);
        // Only the `poll_*` form leaves a waker behind. This runs in destructors, where a second panic would abort.
        let mut left = Vec::new();
        self.slot.take_waiters(&mut left);
        left.into_iter().for_each(|waker| {
            wake::contain(|| drop(waker));
        });
    }
}

impl<H: Host> Home<H> {
    /// Whether who waits at `station` may rely on this.
    fn stands_in_for(&self, station: Station) -> bool {
        self.station.is_with(station) && !self.host.table().is_closed()
    }

    fn leave(self) {
        self.host.delete(self.identity, self.token);
        // Whatever the system said to that: from here on events for this token are for nobody.
        drop(self.host.table().remove(self.token));
    }
}
