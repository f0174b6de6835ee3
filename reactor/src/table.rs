//! Which slot an event is for.

use std::mem;
use std::task::Waker;

use crate::interest::Ready;
use crate::membership::{Host, Member};
use crate::primitive::{Arc, Mutex, lock};
use crate::slot::Slot;
use crate::token::{MAX_ENTRIES, Token};

/// The sockets that are registered with one reactor. Its lock is never held across a system call.
#[derive(Debug)]
pub(crate) struct Table<H: Host> {
    entries: Mutex<Entries<H>>,
}

#[derive(Debug)]
struct Entries<H: Host> {
    all: Vec<Entry<H>>,
    /// The vacant entry that is to be used next; the last one left, which is the one in the cache.
    vacant: u32,
    occupied: usize,
    closed: bool,
}

/// Sixteen bytes, of which a turn reads one for each event.
#[derive(Debug)]
struct Entry<H: Host> {
    /// Nobody's while it is vacant.
    member: Option<Arc<Member<H>>>,
    /// Of its present use, or of its next one while it is vacant.
    generation: u32,
    /// While it is vacant: the one that is to be used after it.
    next: u32,
}

/// No entry.
const NONE: u32 = u32::MAX;

/// Why a table takes no socket in.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Its reactor is gone.
    Closed,
    /// It has as many entries as a token can name.
    Full,
}

impl<H: Host> Table<H> {
    /// Takes `member` in. It must not be in this table already.
    pub(crate) fn insert(&self, member: &Arc<Member<H>>) -> Result<Token, Refused> {
        let mut entries = lock(&self.entries);
        // The flag is read under the lock under which it is set, so that nothing comes in after `close`.
        if entries.closed {
            return Err(Refused::Closed);
        }
        let token = entries.occupy(member.clone())?;
        member.slot.attaching();
        Ok(token)
    }

    /// For a socket that it has already: false if it is closed.
    pub(crate) fn readmit(&self, slot: &Slot) -> bool {
        let entries = lock(&self.entries);
        if !entries.closed {
            slot.attaching();
        }
        !entries.closed
    }

    /// Strikes out what `token` names. Returns it, to be dropped where no lock is held: it may hold the last wakers.
    #[must_use = "a slot must be dropped after unlocking"]
    pub(crate) fn remove(&self, token: Token) -> Option<Arc<Member<H>>> {
        lock(&self.entries).vacate(token)
    }

    // BOOK: ch07
    /// Delivers a batch of events, and moves the wakers of those who wait for them to `woken`. Events whose socket is
    /// not here any more are for nobody.
    pub(crate) fn deliver(&self, events: impl Iterator<Item = (Token, Ready)>, woken: &mut Vec<Waker>) {
        let entries = lock(&self.entries);
        for (token, ready) in events {
            if let Some(member) = entries.get(token) {
                member.slot.deliver(ready, woken);
            }
        }
    }

    /// Lets nobody in any more, detaches everyone who is here, and moves the wakers of all who wait to `woken`.
    pub(crate) fn close(&self, woken: &mut Vec<Waker>) {
        let all = {
            let mut entries = lock(&self.entries);
            entries.closed = true;
            entries.occupied = 0;
            entries.vacant = NONE;
            let all = mem::take(&mut entries.all);
            for member in all.iter().filter_map(Entry::member) {
                member.slot.detached();
            }
            all
        };
        for member in all.iter().filter_map(Entry::member) {
            member.slot.take_waiters(woken);
        }
    }

    /// Whether its reactor is gone.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.entries).closed
    }

    /// How many sockets are in it.
    pub(crate) fn len(&self) -> usize {
        lock(&self.entries).occupied
    }

    /// Calls `see` with each slot. It must run no foreign code.
    pub(crate) fn for_each(&self, mut see: impl FnMut(Token, &Slot)) {
        // No more than an index can name.
        for (index, entry) in (0..).zip(&lock(&self.entries).all) {
            if let Some(member) = entry.member() {
                let generation = entry.generation;
                see(Token { index, generation }, &member.slot);
            }
        }
    }
}

impl<H: Host> Default for Table<H> {
    fn default() -> Self {
        Self {
            entries: Mutex::new(Entries {
                all: Vec::new(),
                vacant: NONE,
                occupied: 0,
                closed: false,
            }),
        }
    }
}

impl<H: Host> Entries<H> {
    fn get(&self, token: Token) -> Option<&Arc<Member<H>>> {
        let entry = self.all.get(token.index as usize)?;
        if entry.generation == token.generation {
            entry.member()
        } else {
            None
        }
    }

    fn occupy(&mut self, member: Arc<Member<H>>) -> Result<Token, Refused> {
        let member = Some(member);
        let token = match self.all.get_mut(self.vacant as usize) {
            Some(entry) => {
                let index = mem::replace(&mut self.vacant, entry.next);
                entry.member = member;
                let generation = entry.generation;
                Token { index, generation }
            }
            None => {
                let index = u32::try_from(self.all.len())
                    .ok()
                    .filter(|index| *index < MAX_ENTRIES);
                let token = Token {
                    index: index.ok_or(Refused::Full)?,
                    generation: 0,
                };
                self.all.push(Entry {
                    member,
                    generation: token.generation,
                    next: NONE,
                });
                token
            }
        };
        self.occupied += 1;
        Ok(token)
    }

    fn vacate(&mut self, token: Token) -> Option<Arc<Member<H>>> {
        self.get(token)?;
        let entry = &mut self.all[token.index as usize];
        entry.generation = token.next().generation;
        entry.next = mem::replace(&mut self.vacant, token.index);
        self.occupied -= 1;
        entry.member.take()
    }
}

impl<H: Host> Entry<H> {
    fn member(&self) -> Option<&Arc<Member<H>>> {
        self.member.as_ref()
    }
}
