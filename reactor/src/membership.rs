//! With which reactor a socket is registered.

use std::fmt;
use std::io;

use crate::primitive::{Arc, Mutex, lock};
use crate::slot::Slot;
use crate::table::{Refused, Table};
use crate::token::Token;

/// A reactor as a socket sees it: in a running program [`Handle`](crate::Handle), in the models a stand-in.
pub(crate) trait Host: Clone + fmt::Debug {
    /// What the operating system knows a socket by.
    type Identity: Copy + fmt::Debug;

    /// Tells the reactors apart between which [`find`](Self::find) chooses, at less cost.
    fn here() -> usize;
    /// The reactor with which a socket that waits on this thread is to be registered.
    fn find() -> io::Result<Self>;
    /// Its table.
    fn table(&self) -> &Table;
    /// Asks the system to report the readiness of `identity`, the present one first.
    fn add(&self, identity: Self::Identity, token: Token) -> io::Result<()>;
    /// Asks the system to report no more.
    fn delete(&self, identity: Self::Identity);
}

/// A socket's slot, and the reactor that it is registered with, if any. Dropping it ends the registration.
///
/// Locks are taken in this order: home, table, waiters of a half.
#[derive(Debug)]
pub(crate) struct Membership<H: Host> {
    pub(crate) slot: Arc<Slot>,
    /// Held during the system call that registers, so that of two halves that begin to wait at the same time one
    /// registers and the other waits for it. Not touched while the slot is attached where it is waited for.
    home: Mutex<Option<Home<H>>>,
}

#[derive(Debug)]
struct Home<H: Host> {
    host: H,
    token: Token,
    identity: H::Identity,
}

impl<H: Host> Membership<H> {
    /// With no reactor yet. `presume_ready`: the first operation shall be tried at once.
    pub(crate) fn new(presume_ready: bool) -> Self {
        Self {
            slot: Arc::new(Slot::new(presume_ready)),
            home: Mutex::new(None),
        }
    }

    /// Makes sure that events reach the slot by way of this thread's reactor: nobody may be driving the one that the
    /// socket was registered with before. After a registration the system reports the readiness that there is already,
    /// so nothing that came before is missed.
    ///
    /// If the system refuses, a socket that is registered with another reactor stays there.
    pub(crate) fn attach(
        &self,
        identity: H::Identity,
        mut add: impl FnMut(&H, Token) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut home = lock(&self.home);
        while !self.slot.is_attached_at(H::here()) {
            let place = H::here();
            let host = H::find()?;
            if !self.slot.is_attached() {
                // Its reactor has closed, or the one before did so while it moved to this one. The system may have it
                // still, and takes nothing twice.
                leave(home.take());
            }
            let token = match host.table().insert(&self.slot) {
                Ok(token) => token,
                // It closed just now: look again, which finds another one or says why there is none.
                Err(Refused::Closed) => continue,
                Err(Refused::Full) => return Err(io::Error::other("the reactor's table is full")),
            };
            if let Err(error) = add(&host, token) {
                match *home {
                    Some(_) => self.slot.stays(),
                    None => self.slot.detached(),
                }
                // Not the last reference, this socket has its own: no waker is dropped here under the lock.
                drop(host.table().remove(token));
                return Err(error);
            }
            // The old reactor is left after the new one has it: events reach the slot all the time.
            leave(home.replace(Home {
                host,
                token,
                identity,
            }));
            // In vain if a reactor closed after `insert`, this one or the old one: then once more.
            self.slot.attached_at(place);
        }
        Ok(())
    }

    /// The reactor, and the token there.
    pub(crate) fn home(&self) -> Option<(H, Token)> {
        lock(&self.home)
            .as_ref()
            .map(|home| (home.host.clone(), home.token))
    }
}

impl<H: Host> Drop for Membership<H> {
    fn drop(&mut self) {
        let home = lock(&self.home).take();
        leave(home);
    }
}

fn leave<H: Host>(home: Option<Home<H>>) {
    if let Some(home) = home {
        home.host.delete(home.identity);
        // Whatever the system said to that: from here on events for this token are for nobody.
        drop(home.host.table().remove(home.token));
    }
}
