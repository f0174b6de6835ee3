//! Which thread works a shard: its own, or a substitute while that one is blocked in `block_in_place`.

use std::sync::Arc;

use crate::entry::Entry;
use crate::primitive::{AtomicBool, Mutex, Ordering, lock};

/// A shard's place for one thread.
///
/// ```text
///           leave: it is about to block          try_take, by a substitute
///   taken ─────────────────────────────▶ free ──────────────────────────────▶ taken
///     ▲                                                                         │ ask, by the shard's
///     │ try_take, by its own thread                 leave, between two polls    ▼ own thread
///     └────────────────────────────── free for that one ◀──────────────────── wanted
/// ```
pub(super) struct Seat {
    /// Whether the shard's own thread waits for it.
    wanted: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The entry of whoever works the shard.
    taken_by: Option<Arc<Entry>>,
    /// The shard's own thread, while it waits.
    waiting: Option<Arc<Entry>>,
}

impl Seat {
    pub(super) fn new() -> Self {
        Self {
            wanted: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        }
    }

    /// Takes the seat if it is free, and nobody else waits for it.
    pub(super) fn try_take(&self, entry: &Arc<Entry>) -> bool {
        self.take(entry, false)
    }

    /// As [`try_take`](Self::try_take), by a thread that is to end otherwise: then it waits no more. In one step, or
    /// whoever leaves the seat meanwhile would leave it to a thread that does not come.
    pub(super) fn take_or_withdraw(&self, entry: &Arc<Entry>) -> bool {
        self.take(entry, true)
    }

    fn take(&self, entry: &Arc<Entry>, withdraws: bool) -> bool {
        let mut state = lock(&self.state);
        let waits = state.waiting.as_ref().map(|waiting| Arc::ptr_eq(waiting, entry));
        let takes = state.taken_by.is_none() && waits != Some(false);
        if takes {
            state.taken_by = Some(entry.clone());
        }
        let waiting = if takes || withdraws && waits == Some(true) {
            self.wanted.store(false, Ordering::Relaxed);
            state.waiting.take()
        } else {
            None
        };
        drop(state);
        drop(waiting);
        takes
    }

    /// By the shard's own thread, when it could work again: it is unparked when the seat is free.
    pub(super) fn ask(&self, entry: &Arc<Entry>) {
        let before = lock(&self.state).waiting.replace(entry.clone());
        // Relaxed: a hint; the state is under the lock, and the caller unparks who may sleep.
        self.wanted.store(true, Ordering::Relaxed);
        drop(before);
    }

    /// Whether whoever works the shard should give it up.
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// By whoever works the shard: it is free for the thread that waits, or for a substitute.
    pub(super) fn leave(&self) {
        let mut state = lock(&self.state);
        let before = state.taken_by.take();
        let waiting = state.waiting.clone();
        drop(state);
        drop(before);
        if let Some(waiting) = waiting {
            waiting.unpark_follower();
        }
    }

    /// The entry of whoever works the shard.
    pub(super) fn entry(&self) -> Option<Arc<Entry>> {
        lock(&self.state).taken_by.clone()
    }
}
