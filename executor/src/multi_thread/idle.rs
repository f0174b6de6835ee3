//! Which workers are parked and which look for work, and the promise between them: queued work does not stay while
//! every worker sleeps.
//!
//! ```text
//!            announce                       retract: nobody claimed it
//!   RUNNING ────────────▶ PARKED ───────────────────────────────────────▶ RUNNING
//!      ▲                    │ notify: claims it, counts it as a searcher, unparks it
//!      │ end_search         ▼
//!      └──────────────── SEARCHING ◀────────────────────────────────────── RUNNING
//!                                         start_search: nobody else does
//! ```
//!
//! **Why nothing is lost.** Who queues work for others pushes, fences, and looks at both sets ([`Idle::notify`]). Three
//! cases:
//!
//! * nobody searches and somebody is parked: that one is claimed and unparked;
//! * nobody searches and nobody is parked: every worker is running, and looks at all queues before it sleeps. A worker
//!   sets its bit, fences, and then looks ([`Idle::announce`]): either it sees the push, or the push's fence comes later
//!   and `notify` sees the bit;
//! * somebody searches: it answers for what was pushed meanwhile. When it ends, having found something or not, it takes
//!   its count back, fences, and if it was the last it looks at all queues, and notifies in turn if there is work. So
//!   either it sees the push, or `notify` sees that nobody searches any more. For the same reason a worker that is
//!   about to park may sleep on queued work that somebody searches for.
//!
//! Each "either, or" is two threads that write, fence and read what the other wrote: sequentially consistent fences
//! keep both from missing. Where there is a lock around the queue it does the same, without a fence in the push
//! ([`Idle::notify_under_lock`]): who pushes looks at the sets before it gives the lock up, and a look that finds nothing has taken
//! the lock. Whichever comes first, the other finds what that one wrote.

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use crossbeam_utils::CachePadded;

use crate::primitive::{AtomicU64, Ordering, fence};

/// The sets of parked and of searching workers, in groups of 48; in models of less, to have several.
pub(crate) struct Idle<const GROUP: usize = 48> {
    /// In the low bits of each word one for every worker of the group that is parked or about to be; above them how
    /// many of the group search. In one word, so that who is claimed counts as searching in the same step.
    groups: Box<[CachePadded<AtomicU64>]>,
    workers: usize,
}

impl<const GROUP: usize> Idle<GROUP> {
    /// One searcher, in a group's word.
    const SEARCHER: u64 = 1 << GROUP;
    /// The parked workers, in a group's word.
    const PARKED: u64 = Self::SEARCHER - 1;

    pub(crate) fn new(workers: usize) -> Self {
        let groups = (0..workers.div_ceil(GROUP)).map(|_| CachePadded::new(AtomicU64::new(0)));
        Self {
            groups: groups.collect(),
            workers,
        }
    }

    /// After a push: the parked worker that is to be unparked for it, if one is needed. It counts as searching already.
    #[must_use = "the worker that is named must be unparked"]
    pub(crate) fn notify(&self) -> Option<usize> {
        // Pairs with the fences in `announce` and `end_search`; see the head of this file.
        fence(Ordering::SeqCst);
        self.notify_under_lock()
    }

    /// As [`notify`](Self::notify), by who still holds the lock under which it pushed, and under which a worker looks that parks or
    /// ends its search.
    #[must_use = "the worker that is named must be unparked"]
    pub(crate) fn notify_under_lock(&self) -> Option<usize> {
        if self.is_searched() {
            return None;
        }
        self.claim()
    }

    /// Claims a parked worker, the lowest, so that little work keeps few workers busy.
    fn claim(&self) -> Option<usize> {
        for (index, group) in self.groups.iter().enumerate() {
            let mut now = group.load(Ordering::Relaxed);
            while now & Self::PARKED != 0 {
                let bit = now & now.wrapping_neg();
                // Release: what was pushed is seen by the worker that finds its bit gone (Acquire in `retract`).
                match group.compare_exchange_weak(
                    now,
                    now - bit + Self::SEARCHER,
                    Ordering::Release,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return Some(index * GROUP + bit.trailing_zeros() as usize),
                    Err(changed) => now = changed,
                }
            }
        }
        None
    }

    /// Whether a worker that ran dry may search: if nobody else does.
    pub(crate) fn start_search(&self, worker: usize) -> bool {
        if self.is_searched() {
            return false;
        }
        self.group(worker).fetch_add(Self::SEARCHER, Ordering::Relaxed);
        true
    }

    /// Before a searcher runs what it found. True if it was the last: then it answers for what was pushed meanwhile, so
    /// it must look at all queues, and notify if there is work.
    #[must_use = "the last searcher must look again"]
    pub(crate) fn end_search(&self, worker: usize) -> bool {
        self.group(worker).fetch_sub(Self::SEARCHER, Ordering::Relaxed);
        // Pairs with the fence in `notify`; with `notify_under_lock` pairs the lock that the look takes.
        fence(Ordering::SeqCst);
        !self.is_searched()
    }

    // BOOK: ch11
    /// Before a worker parks, which gives up its search if it searched. True if it must look at all queues before
    /// it sleeps, since nobody else does.
    #[must_use = "a worker must look again before it sleeps"]
    pub(crate) fn announce(&self, worker: usize, searching: bool) -> bool {
        let change = if searching {
            Self::bit(worker).wrapping_sub(Self::SEARCHER)
        } else {
            Self::bit(worker)
        };
        // Release: pairs with the Acquire in `is_parked`, for who asks whether all is at rest. What the rest here is about
        // comes with the fences.
        self.group(worker).fetch_add(change, Ordering::Release);
        // Pairs with the fence in `notify`, and with that in `end_search` of whoever searches.
        fence(Ordering::SeqCst);
        !self.is_searched()
    }

    // BOOK: ch11
    /// After a worker parked, or looked again and found something. True if it was claimed meanwhile, and searches.
    pub(crate) fn retract(&self, worker: usize) -> bool {
        // Acquire: pairs with the Release of the claim.
        self.group(worker)
            .fetch_and(!Self::bit(worker), Ordering::Acquire)
            & Self::bit(worker)
            == 0
    }

    /// Whether every worker is parked, or about to be.
    pub(crate) fn all_parked(&self) -> bool {
        (0..self.workers).all(|worker| self.is_parked(worker))
    }

    pub(crate) fn is_parked(&self, worker: usize) -> bool {
        self.group(worker).load(Ordering::Acquire) & Self::bit(worker) != 0
    }

    /// Whether some worker is parked and nobody searches: a hint, which spares a running worker the fence. What it misses
    /// this worker runs itself, and asks again after its next poll that queues something, or turn.
    #[inline]
    pub(crate) fn may_help(&self) -> bool {
        // Hardly ever is there more than one group.
        if let [only] = &*self.groups {
            return Self::may_help_in(only.load(Ordering::Relaxed));
        }
        let words = self.groups.iter().map(|group| group.load(Ordering::Relaxed));
        Self::may_help_in(words.fold(0, |all, word| all | word))
    }

    #[inline]
    fn is_searched(&self) -> bool {
        let mut groups = self.groups.iter();
        groups.any(|group| group.load(Ordering::Relaxed) & !Self::PARKED != 0)
    }

    #[inline]
    fn group(&self, worker: usize) -> &AtomicU64 {
        &self.groups[worker / GROUP]
    }

    /// Of a group's word, or of all groups' bits: whether somebody is parked, and nobody searches.
    #[inline]
    fn may_help_in(word: u64) -> bool {
        word != 0 && word < Self::SEARCHER
    }

    #[inline]
    fn bit(worker: usize) -> u64 {
        1 << (worker % GROUP)
    }
}
