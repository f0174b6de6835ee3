//! With which reactor a socket is registered.

use std::fmt;
use std::io;
use std::{mem, slice};

use reveille_context::wake;

use crate::primitive::{Arc, Mutex, lock};
use crate::slot::Slot;
use crate::station::Station;
use crate::table::{Refused, Table};
use crate::token::Token;
use crate::told;

/// A reactor as a socket sees it: in a running program [`Handle`](crate::Handle), in the models a stand-in.
pub(crate) trait Host: Clone + fmt::Debug + Sized {
    /// What the operating system knows a socket by.
    type Identity: Copy + fmt::Debug;

    /// Whether the system reports a readiness only once per [`renew`](Self::renew).
    const REPORTS_ONCE: bool = false;

    /// Whether the system ends the registrations of a socket when that is closed, and nobody has a duplicate of its descriptor.
    fn forgets_what_is_closed() -> bool {
        false
    }
    /// The number of the descriptor, for people.
    fn descriptor(identity: Self::Identity) -> u64 {
        let _ = identity;
        0
    }
    /// Tells the reactors apart between which [`find`](Self::find) chooses, at less cost.
    fn here() -> Station;
    /// The reactor with which a socket that waits on this thread is to be registered.
    fn find() -> io::Result<Self>;
    /// Its table.
    fn table(&self) -> &Table<Self>;
    /// What [`here`](Self::here) says on the threads that have it.
    fn station(&self) -> Station;
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

/// The reactors that a socket is registered with: one of each group by way of which it was waited for,
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
/// Locks are taken in this order: homes, table, waiters; that of the system calls is taken alone, or in homes.
#[derive(Debug)]
pub(crate) struct Membership<H: Host> {
    member: Arc<Member<H>>,
}

/// What tables and the socket share, in one allocation. Through its homes it refers to the tables that refer to it: the drop of
/// the [`Membership`] parts them, or the closing of the reactor.
#[derive(Debug)]
pub(crate) struct Member<H: Host> {
    pub(crate) slot: Slot,
    /// At most one open one in each group. Held during the system calls that register and move, so that of two halves that
    /// begin to wait at the same time one registers and the other waits for it. Not touched while the slot is attached to
    /// the group by way of which it is waited for.
    homes: Mutex<Homes<H>>,
}

#[derive(Debug)]
struct Home<H: Host> {
    host: H,
    /// Packed.
    token: usize,
    identity: H::Identity,
    _tag: Tag,
}

/// A byte where there would be padding: by the values that it does not have the compiler tells the forms of [`Homes`] apart,
/// for which it would take a word otherwise.
#[derive(Debug)]
#[repr(u8)]
enum Tag {
    Home,
}

/// The one that most sockets have in their life lies in line.
#[derive(Debug)]
enum Homes<H: Host> {
    None,
    One(Home<H>),
    More(Box<[Home<H>]>),
}

impl<H: Host> Membership<H> {
    /// With no reactor yet. `presume_ready`: the first operation shall be tried at once.
    pub(crate) fn new(presume_ready: bool) -> Self {
        Self {
            member: Arc::new(Member::new(presume_ready)),
        }
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.member.slot
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
        let slot = &self.member.slot;
        let mut homes = lock(&self.member.homes);
        while !slot.is_attached_for(H::here()) {
            let station = H::here();
            let host = H::find()?;
            if let Some(home) = homes.iter().find(|home| home.stands_in_for(station)) {
                // Registered by an earlier wait. If its reactor closes just now: once more.
                if home.host.table().readmit(slot) {
                    slot.attached_at(home.host.station());
                }
                continue;
            }
            let token = match host.table().insert(&self.member) {
                Ok(token) => token,
                // It closed just now: look again, which finds another one or says why there is none.
                Err(Refused::Closed) => continue,
                Err(Refused::Full) => return Err(io::Error::other("the reactor's table is full")),
            };
            // Of one that was registered elsewhere before it was told.
            if matches!(*homes, Homes::None) {
                told::registered(slot, || H::descriptor(identity));
            }
            if let Err(error) = add(&host, token) {
                slot.not_attached();
                // Not the last reference, this socket has its own: no waker is dropped here under the lock.
                drop(host.table().remove(token));
                return Err(error);
            }
            homes.push(Home::new(host, token, identity));
            // Those that have closed are not needed any more; the system may keep them open a while.
            while let Some(closed) = homes.take_closed() {
                closed.leave();
            }
            // In vain if a reactor closed after `insert`, this one or another: then once more.
            slot.attached_at(station);
        }
        Ok(())
    }

    /// Moves the registration with another reactor of this thread's group to this thread's own reactor. It stays where it
    /// is if the system refuses, or if a reactor closes just now.
    #[cold]
    pub(crate) fn move_here(&self, identity: H::Identity) {
        let slot = &self.member.slot;
        let mut homes = lock(&self.member.homes);
        let station = H::here();
        let elsewhere = |home: &&mut Home<H>| home.host.station() != station && home.stands_in_for(station);
        // Somebody else may have moved it here, or it may have had to leave.
        let Some(home) = homes.iter_mut().find(elsewhere) else {
            return;
        };
        let Ok(host) = H::find() else { return };
        let Ok(token) = host.table().insert(&self.member) else {
            return;
        };
        if host.add(identity, token).is_err() {
            slot.not_attached();
            // Not the last reference, as in `attach`.
            drop(host.table().remove(token));
            return;
        }
        let left = mem::replace(home, Home::new(host, token, identity));
        // In vain if one of the two closed meanwhile. Whoever waits is woken by that, and attaches anew.
        slot.attached_at(station);
        left.leave();
    }

    /// Before one waits: the system is to report once more, where it has to be asked for that.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let homes = lock(&self.member.homes);
        let mut open = homes.iter().filter(|home| !home.host.table().is_closed());
        open.try_for_each(|home| home.host.renew(home.identity, home.token()))
    }

    /// A reactor, and the token there.
    pub(crate) fn home(&self) -> Option<(H, Token)> {
        let homes = lock(&self.member.homes);
        homes.iter().next().map(|home| (home.host.clone(), home.token()))
    }
}

impl<H: Host> Member<H> {
    /// In no table yet.
    pub(crate) fn new(presume_ready: bool) -> Self {
        Self {
            slot: Slot::new(presume_ready),
            homes: Mutex::new(Homes::None),
        }
    }
}

impl<H: Host> Drop for Membership<H> {
    fn drop(&mut self) {
        let mut homes = mem::replace(&mut *lock(&self.member.homes), Homes::None);
        let is_registered = !matches!(homes, Homes::None);
        // It is about to be closed: where that is enough for the system, a call is saved.
        let is_forgotten = !self.slot().is_lent() && H::forgets_what_is_closed();
        while let Some(home) = homes.take(|_| true) {
            if is_forgotten {
                home.strike_out();
            } else {
                home.leave();
            }
        }
        if is_registered {
            told::deregistered(self.slot());
        }
        // Only the `poll_*` form leaves a waker behind. This runs in destructors, where a second panic would abort.
        let mut left = Vec::new();
        self.member.slot.take_waiters(&mut left);
        left.into_iter().for_each(|waker| {
            wake::contain(|| drop(waker));
        });
    }
}

impl<H: Host> Homes<H> {
    fn iter(&self) -> impl Iterator<Item = &Home<H>> {
        let homes: &[Home<H>] = match self {
            Self::None => &[],
            Self::One(home) => slice::from_ref(home),
            Self::More(homes) => homes,
        };
        homes.iter()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Home<H>> {
        let homes: &mut [Home<H>] = match self {
            Self::None => &mut [],
            Self::One(home) => slice::from_mut(home),
            Self::More(homes) => homes,
        };
        homes.iter_mut()
    }

    fn push(&mut self, home: Home<H>) {
        *self = match mem::replace(self, Self::None) {
            Self::None => Self::One(home),
            Self::One(first) => Self::More(Box::new([first, home])),
            Self::More(homes) => Self::More(homes.into_iter().chain([home]).collect()),
        };
    }

    /// Takes one out that is as asked for.
    fn take(&mut self, is_it: impl Fn(&Home<H>) -> bool) -> Option<Home<H>> {
        let position = self.iter().position(is_it)?;
        match mem::replace(self, Self::None) {
            Self::None => None,
            Self::One(home) => Some(home),
            Self::More(homes) => {
                let mut homes = homes.into_vec();
                let taken = homes.swap_remove(position);
                *self = Self::More(homes.into());
                Some(taken)
            }
        }
    }

    fn take_closed(&mut self) -> Option<Home<H>> {
        self.take(|home| home.host.table().is_closed())
    }
}

impl<H: Host> Home<H> {
    fn new(host: H, token: Token, identity: H::Identity) -> Self {
        let token = token.pack();
        Self {
            host,
            token,
            identity,
            _tag: Tag::Home,
        }
    }

    fn token(&self) -> Token {
        Token::unpack(self.token)
    }

    /// Whether who waits at `station` may rely on this.
    fn stands_in_for(&self, station: Station) -> bool {
        self.host.station().is_with(station) && !self.host.table().is_closed()
    }

    fn leave(self) {
        self.host.delete(self.identity, self.token());
        // Whatever the system said to that.
        self.strike_out();
    }

    /// From here on events for this token are for nobody.
    fn strike_out(self) {
        drop(self.host.table().remove(self.token()));
    }
}

/// There may be a million sockets, so their size is a promise.
#[cfg(all(test, not(loom), target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;
    use crate::handle::Handle;
    use crate::registration::Registration;
    use crate::wait::Wait;

    #[test]
    fn what_a_socket_takes_is_as_small_as_it_is_said_to_be() {
        type Socket = std::net::TcpStream;
        assert_eq!(size_of::<Registration<Socket>>(), 16, "a pointer and the socket");
        assert_eq!(
            size_of::<Member<Handle>>(),
            120,
            "with the counts of an `Arc` 136, which malloc makes 144"
        );
        assert_eq!(size_of::<Wait<'_, Socket>>(), 24);
    }
}
