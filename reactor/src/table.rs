//! Which slot an event is for.

use std::mem;
use std::task::Waker;

use crate::interest::Ready;
use crate::primitive::{Arc, Mutex, lock};
use crate::slot::Slot;
use crate::token::{MAX_ENTRIES, Token};

/// The slots of all sockets that are registered with one reactor. Its lock is never held across a system call.
#[derive(Debug, Default)]
pub(crate) struct Table {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    all: Vec<Entry>,
    /// The vacant entry that is to be used next; the last one left, which is the one in the cache.
    vacant: Option<usize>,
    occupied: usize,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    /// The token of its present use, or of its next one while it is vacant.
    token: Token,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Occupied(Arc<Slot>),
    Vacant { next: Option<usize> },
}

/// Why a table takes no slot in.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Its reactor is gone.
    Closed,
    /// It has as many entries as a token can name.
    Full,
}

impl Table {
    /// Takes `slot` in. It must not be in this table already.
    pub(crate) fn insert(&self, slot: &Arc<Slot>) -> Result<Token, Refused> {
        let mut entries = lock(&self.entries);
        // The flag is read under the lock under which it is set, so that nothing comes in after `close`.
        if entries.closed {
            return Err(Refused::Closed);
        }
        let token = entries.occupy(Content::Occupied(slot.clone()))?;
        slot.attaching();
        Ok(token)
    }

    /// For a slot that it has already: false if it is closed.
    pub(crate) fn readmit(&self, slot: &Slot) -> bool {
        let entries = lock(&self.entries);
        if !entries.closed {
            slot.attaching();
        }
        !entries.closed
    }

    /// Strikes out what `token` names. Returns it, to be dropped where no lock is held: it may hold the last wakers.
    #[must_use = "a slot must be dropped after unlocking"]
    pub(crate) fn remove(&self, token: Token) -> Option<Arc<Slot>> {
        lock(&self.entries).vacate(token)
    }

    /// Delivers a batch of events, and moves the wakers of those who wait for them to `woken`. Events whose socket is
    /// not here any more are for nobody.
    pub(crate) fn deliver(&self, events: impl Iterator<Item = (Token, Ready)>, woken: &mut Vec<Waker>) {
        let entries = lock(&self.entries);
        for (token, ready) in events {
            if let Some(slot) = entries.get(token) {
                slot.deliver(ready, woken);
            }
        }
    }

    /// Lets nobody in any more, detaches everyone who is here, and moves the wakers of all who wait to `woken`.
    pub(crate) fn close(&self, woken: &mut Vec<Waker>) {
        let all = {
            let mut entries = lock(&self.entries);
            entries.closed = true;
            entries.occupied = 0;
            entries.vacant = None;
            let all = mem::take(&mut entries.all);
            for slot in all.iter().filter_map(Entry::slot) {
                slot.detached();
            }
            all
        };
        for slot in all.iter().filter_map(Entry::slot) {
            slot.take_waiters(woken);
        }
    }

    /// Whether its reactor is gone.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.entries).closed
    }

    /// How many slots are in it.
    pub(crate) fn len(&self) -> usize {
        lock(&self.entries).occupied
    }

    /// Calls `see` with each slot. It must run no foreign code.
    pub(crate) fn for_each(&self, see: impl FnMut(&Arc<Slot>)) {
        lock(&self.entries)
            .all
            .iter()
            .filter_map(Entry::slot)
            .for_each(see);
    }
}

impl Entries {
    fn get(&self, token: Token) -> Option<&Arc<Slot>> {
        let entry = self.all.get(token.index)?;
        if entry.token == token { entry.slot() } else { None }
    }

    fn occupy(&mut self, content: Content) -> Result<Token, Refused> {
        let token = match self.vacant {
            Some(index) => {
                let entry = &mut self.all[index];
                if let Content::Vacant { next } = mem::replace(&mut entry.content, content) {
                    self.vacant = next;
                }
                entry.token
            }
            None if self.all.len() == MAX_ENTRIES => return Err(Refused::Full),
            None => {
                let token = Token {
                    index: self.all.len(),
                    generation: 0,
                };
                self.all.push(Entry { token, content });
                token
            }
        };
        self.occupied += 1;
        Ok(token)
    }

    fn vacate(&mut self, token: Token) -> Option<Arc<Slot>> {
        self.get(token)?;
        let entry = &mut self.all[token.index];
        entry.token = token.next();
        let vacant = Content::Vacant { next: self.vacant };
        let content = mem::replace(&mut entry.content, vacant);
        self.vacant = Some(token.index);
        self.occupied -= 1;
        match content {
            Content::Occupied(slot) => Some(slot),
            Content::Vacant { .. } => None,
        }
    }
}

impl Entry {
    fn slot(&self) -> Option<&Arc<Slot>> {
        match &self.content {
            Content::Occupied(slot) => Some(slot),
            Content::Vacant { .. } => None,
        }
    }
}
