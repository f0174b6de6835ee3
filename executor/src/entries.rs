//! Who runs tasks of a runtime: the workers' threads, the calls of `block_on`, the embeddings.

use std::sync::Arc;

use crate::entry::Entry;
use crate::owned::Tally;
use crate::primitive::{Mutex, lock};

/// The entries of one runtime.
#[derive(Default)]
pub(crate) struct Entries {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    here: Vec<Arc<Entry>>,
    /// How many local tasks those had that are not here any more.
    ended: u64,
}

impl Entries {
    /// Notes who runs tasks, until the guard is dropped.
    pub(crate) fn register(&self, entry: &Arc<Entry>) -> Registered<'_> {
        lock(&self.state).here.push(entry.clone());
        Registered {
            entries: self,
            entry: entry.clone(),
        }
    }

    /// Unparks those that sleep in no driver.
    pub(crate) fn unpark_followers(&self) {
        self.all().iter().for_each(|entry| entry.unpark_follower());
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        lock(&self.state).here.clone()
    }

    /// The local tasks of all who are here, and were.
    pub(crate) fn tally(&self) -> Tally {
        let state = lock(&self.state);
        let here = state.here.clone();
        let ended = Tally {
            alive: 0,
            spawned: state.ended,
        };
        drop(state);
        here.iter().map(|entry| entry.owned().tally()).sum::<Tally>() + ended
    }
}

/// Made by [`Entries::register`].
pub(crate) struct Registered<'a> {
    entries: &'a Entries,
    entry: Arc<Entry>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        // Its tasks have all ended, and no more are added.
        let tasks = self.entry.owned().tally();
        let mut state = lock(&self.entries.state);
        state.here.retain(|entry| !Arc::ptr_eq(entry, &self.entry));
        state.ended += tasks.spawned;
    }
}
