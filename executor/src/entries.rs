//! Who runs tasks of a runtime: the workers' threads, the calls of `block_on`, the embeddings.

use std::sync::Arc;

use crate::entry::{Entry, Rest};
use crate::owned::Tally;
use crate::primitive::{Mutex, lock};
use crate::quiescence::{Answers, Quiescence};

/// The entries of one runtime.
#[derive(Default)]
pub(crate) struct Entries {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    here: Vec<Arc<Entry>>,
    /// How many have come, so far.
    registered: u64,
    /// How many local tasks those had that are not here any more.
    ended: u64,
}

impl Entries {
    /// Notes who runs tasks, until the guard is dropped.
    pub(crate) fn register<'a>(&'a self, entry: &Arc<Entry>, quiescence: &'a Quiescence) -> Registered<'a> {
        let mut state = lock(&self.state);
        state.here.push(entry.clone());
        state.registered += 1;
        drop(state);
        // Everybody sees it by now. Who has found all at rest before is to tell of it first.
        quiescence.pass_the_door();
        Registered {
            entries: self,
            entry: entry.clone(),
            quiescence,
        }
    }

    /// Unparks those that sleep in no driver.
    pub(crate) fn unpark_followers(&self) {
        self.all().iter().for_each(|entry| entry.unpark_follower());
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        lock(&self.state).here.clone()
    }

    /// Whether none of them is active, with what they say of it; `blocking` is how many threads run blocking code that is
    /// not in the midst of a task. Those rest as well that sleep in a `block_on` in there.
    pub(crate) fn are_at_rest(&self, mut blocking: usize, answers: &mut Answers) -> bool {
        let mut asleep_in_there = 0;
        let state = lock(&self.state);
        // One that has come anew may look like one that has left.
        answers.push(state.registered);
        for entry in &state.here {
            match entry.rest() {
                Rest::Active => return false,
                Rest::Blocked => {
                    blocking += 1;
                    asleep_in_there += usize::from(entry.is_in_blocking_code());
                }
                Rest::Driving(slept) | Rest::Asleep(slept) => {
                    answers.push(slept);
                    asleep_in_there += usize::from(entry.is_in_blocking_code());
                }
            }
        }
        blocking == asleep_in_there
    }

    /// Whether that one is here.
    pub(crate) fn contain(&self, entry: *const Entry) -> bool {
        lock(&self.state)
            .here
            .iter()
            .any(|here| Arc::as_ptr(here) == entry)
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
    quiescence: &'a Quiescence,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        // Its tasks have all ended, and no more are added.
        let tasks = self.entry.owned().tally();
        let mut state = lock(&self.entries.state);
        state.here.retain(|entry| !Arc::ptr_eq(entry, &self.entry));
        state.ended += tasks.spawned;
        drop(state);
        // It may have been the last that was awake.
        self.quiescence.have_a_look();
    }
}
