//! Who waits for one direction of a socket.

use std::panic::Location;
use std::ptr;
use std::task::Waker;

use reveille_context::waiter::Waiter;

/// The waiters of one direction: the first inline, so that the usual one allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    first: Option<(Key, Waiter)>,
    more: Vec<(Key, Waiter)>,
    keys: u64,
}

impl Waiters {
    /// A key that no other waiter of this direction has, or had.
    pub(crate) fn next_key(&mut self) -> Key {
        let key = Key::Own(self.keys);
        self.keys += 1;
        key
    }

    /// Whether what is kept under `key` would wake the same task as `waker`, from the same line.
    pub(crate) fn keeps(&self, key: Key, waker: &Waker, location: &'static Location<'static>) -> bool {
        self.iter().any(|(kept, waiter)| {
            *kept == key && waiter.will_wake(waker) && ptr::eq(waiter.location(), location)
        })
    }

    /// Keeps `waiter` under `key`. Returns the one that was there, to be dropped where no lock is held.
    #[must_use = "a waker must be dropped after unlocking"]
    pub(crate) fn keep(&mut self, key: Key, waiter: Waiter) -> Option<Waiter> {
        let replaced = self.remove(key);
        match self.first {
            None => self.first = Some((key, waiter)),
            Some(_) => self.more.push((key, waiter)),
        }
        replaced
    }

    /// Takes out what is kept under `key`, to be dropped where no lock is held.
    #[must_use = "a waker must be dropped after unlocking"]
    pub(crate) fn remove(&mut self, key: Key) -> Option<Waiter> {
        let entry = match &self.first {
            Some((kept, _)) if *kept == key => self.first.take(),
            _ => {
                let position = self.more.iter().position(|(kept, _)| *kept == key);
                position.map(|position| self.more.swap_remove(position))
            }
        };
        entry.map(|(_, waiter)| waiter)
    }

    /// Moves all wakers to `woken`, to be woken where no lock is held.
    pub(crate) fn take(&mut self, woken: &mut Vec<Waker>) {
        let all = self.first.take().into_iter().chain(self.more.drain(..));
        woken.extend(all.map(|(_, waiter)| waiter.into_waker()));
    }

    /// Everyone who waits.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Key, Waiter)> {
        self.first.iter().chain(&self.more)
    }
}

/// Tells the waiters of one direction apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The place of the `poll_*` form, which everyone shares who has no place of their own: the last waker wins.
    Shared,
    /// One named future's.
    Own(u64),
}

/// Where an operation keeps its waiter.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the place that all callers of the `poll_*` form share.
    Shared,
    /// In one of its own, once it has waited.
    Own(Option<Key>),
}

impl Place {
    /// The key under which there may be a waiter of this operation.
    pub(crate) fn key(&self) -> Option<Key> {
        match self {
            Self::Shared => Some(Key::Shared),
            Self::Own(key) => *key,
        }
    }
}
