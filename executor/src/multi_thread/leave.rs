//! A worker that is about to block leaves its shard to another thread.

use std::io;
use std::sync::Arc;

use super::shared::Shared;
use super::threads::{Alive, work};
use crate::entry::Entry;
use crate::local;

/// If this thread works a shard, another one does from now on. When this is dropped it has the shard back, if the other
/// did not come to take it; else later, between two polls.
pub(crate) fn leave_shard() -> Option<LeftShard> {
    // Only after a poll does the worker look whether the shard is still its own. In what it calls elsewhere (a hook, a
    // foreign waker, a destructor at shutdown), and inside another call of this, it keeps the shard and blocks.
    if !local::in_poll() {
        return None;
    }
    let shared = local::worker()?;
    let index = local::shard_of(&shared)?;
    let entry = local::current_entry()?;
    shared.stand_up(index, &entry);
    let left = LeftShard { shared, index, entry };
    // If there is no thread to be had, this one takes the shard back at once, and the monitor sees to it.
    left.shared.start_substitute(index).ok().map(|()| left)
}

/// Made by [`leave_shard`].
pub(crate) struct LeftShard {
    shared: Arc<Shared>,
    index: usize,
    entry: Arc<Entry>,
}

impl Drop for LeftShard {
    fn drop(&mut self) {
        if self.shared.shards[self.index].seat.try_take(&self.entry) {
            self.shared.sit_down(self.index, &self.entry);
        }
    }
}

impl Shared {
    fn start_substitute(self: &Arc<Self>, index: usize) -> io::Result<()> {
        let alive = Alive::new(self.clone());
        let substitute = Box::new(move || work(alive.shared(), index, false));
        self.blocking.run_detached(substitute).map_err(|(error, _)| error)
    }
}
