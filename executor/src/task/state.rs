//! The task's state: one word of flags and a reference count. Every transition is one read-modify-write, or none.
//!
//! A task that any worker may run ([`Schedule::BOUND`](super::cell::Schedule::BOUND) is false) is in the word alone:
//!
//! ```text
//!            (1) new                 (2) start: a load
//!   spawn ───────────▶ SCHEDULED: queued ───────────▶ SCHEDULED: runs
//!                       ▲     ▲                       │  │  │
//!            (3) wake,  │     │ (5) finish_poll: Again│  │  │ (6) complete
//!            (4) abort  │     └───────────────────────┘  │  ▼
//!                       │         (5) finish_poll: Idle  │ COMPLETE ──▶ freed with
//!                      IDLE ◀────────────────────────────┘  ▲           the last reference
//!                       │               (7) claim           │
//!                       └──────────────▶ SCHEDULED ─────────┘
//! ```
//!
//! A wake of a task that is `SCHEDULED` counts in `WAKES`, and (2) notes how far the count is. While the task runs nobody
//! changes it but wakes, and these only upwards, so if it is the same when the poll ends nobody has woken the task since it
//! began. If the count has reached its end, (2) sets it back first, by the read-modify-write that is spared otherwise; a wake
//! that finds it there still writes the word.
//!
//! Of a bound one, where it stands with its own thread is in [`Owner`](super::owner::Owner), which that thread alone
//! changes; here is what the others do with it: `SCHEDULED` says that it is in the mailbox, or about to be pushed there.
//!
//! | bits | set by | cleared by | means |
//! |---|---|---|---|
//! | `SCHEDULED` | (1) (3) (4) (7) `post` | (5) (6) `open` | one thread has the task: it is in one queue (bound: the mailbox), or about to be pushed there by whoever set this, or runs; without meaning once `COMPLETE`, but that a mail is on its way |
//! | `COMPLETE` | (6) | never | the future is gone; the output is there until it is taken |
//! | `CANCELLED` | (4) (7) | never | whoever has the future next drops it instead of polling it |
//! | `JOIN_INTEREST` | (1) | `drop_handle` | there is a `JoinHandle`, which owns the output once `COMPLETE` |
//! | `JOIN_WAKER` | `set_join_waker` | `unset_join_waker` | the waker slot belongs to whoever completes the task; clear: to the `JoinHandle` |
//! | `MARKED` | `mark` | `open` | it was noted when this mail was sent |
//! | `WAKES` | (3) | (2) (5) | how many wakes there were since it was scheduled or set back, at most [`MOST_WAKES`]; of a bound task none |
//!
//! **References.** One each for: the runtime (the *share*, given up after (6)), the `JoinHandle`, every `AbortHandle` and
//! `Waker`, and a mail. A queue entry and the thread that runs the task have none: an incomplete task lives by the share.
//!
//! **The count is biased**, as in Choi, Shull and Torrellas, "Biased reference counting" (2018), without its hard case:
//! who has the exclusive right to a task counts clones and drops of its wakers in [`Owner`](super::owner::Owner), without a
//! read-modify-write, and adds them up here with (5) or (6). Until then the count here may be too small, below zero too;
//! nobody asks for it before `COMPLETE`. Once that is set, everybody counts here.

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use std::fmt;

use super::info::TaskStage;
use crate::primitive::{AtomicUsize, Ordering};

/// The flags and the reference count of one task.
pub(super) struct State(AtomicUsize);

/// What to do with a task that was popped from a queue.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Start {
    /// Poll the future; whoever woke the task so far is seen by that.
    Poll(Wakes),
    /// The task was aborted: drop the future.
    Cancel,
}

/// How many wakes had been counted when a poll began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wakes(usize);

/// What to do after a poll that returned `Pending`.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum FinishPoll {
    /// Nothing: the task is idle and may already be running elsewhere, or freed. Do not touch it.
    Idle,
    /// It was woken meanwhile: queue it again.
    Again,
    /// It was aborted meanwhile and is still ours: drop the future.
    Cancel,
}

/// What to do after a wake or an abort.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Wake {
    /// Push the task to its home's queue (`post`: mailbox).
    Enqueue,
    /// Somebody else sees to it.
    Nothing,
    /// That was the last reference: free the cell.
    Free,
}

/// What the thread that completed a task must do.
#[derive(Debug)]
#[must_use]
pub(super) struct Completed {
    /// Whether a `JoinHandle` will take or drop the output; otherwise the completer does.
    pub(super) joinable: bool,
    /// Whether the waker slot holds a waker, which is now the completer's.
    pub(super) wake_joiner: bool,
    /// Whether `SCHEDULED` was set: for a bound task, a mail is on its way.
    pub(super) is_mailed: bool,
}

/// What was in a mail.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) struct Opened {
    /// What is left to do with the task.
    pub(super) found: Found,
    /// Whether it was noted when the mail was sent.
    pub(super) is_marked: bool,
}

/// How a mail found its task.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It goes on: the owner is to hear of it.
    Incomplete,
    /// It is complete; others refer to it.
    Complete,
    /// It is complete, and the mail's reference was the last: free the cell.
    Last,
}

/// How far `drop_handle` came.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum DropHandle {
    /// The handle's interest and reference are gone.
    Done,
    /// The task is complete: drop the output, then the reference.
    Output,
    /// A waker is in the slot: take it out with `unset_join_waker`, then try again.
    Waker,
}

/// The task completed first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AlreadyComplete;

impl State {
    /// (1) Scheduled, with the references of the runtime and the `JoinHandle`.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SCHEDULED | JOIN_INTEREST | (2 * REFERENCE)))
    }

    /// (1) For a bound task that its own thread spawns, and queues there.
    pub(super) fn new_here() -> Self {
        Self(AtomicUsize::new(JOIN_INTEREST | (2 * REFERENCE)))
    }

    /// (1) For a bound task that comes by mail, with the reference of that.
    pub(super) fn new_mailed() -> Self {
        Self(AtomicUsize::new(SCHEDULED | JOIN_INTEREST | (3 * REFERENCE)))
    }

    /// (2) Begins to poll a task that was popped from a queue for this thread.
    #[inline]
    pub(super) fn start(&self) -> Start {
        // Acquire: pairs with the Release of each wake that is counted in what this reads, so that the poll sees what the
        // waker saw. What the `finish_poll` before did, on another thread, came with the queue.
        let mut now = self.0.load(Ordering::Acquire);
        if now & WAKES == MOST_WAKES {
            // Those that were not counted are seen too: of a read-modify-write that is sure.
            now = self.0.fetch_and(!WAKES, Ordering::AcqRel) & !WAKES;
        }
        debug_assert!(now & SCHEDULED != 0 && now & COMPLETE == 0, "{}", Snapshot(now));
        start(now)
    }

    /// (2) As [`start`](Self::start), of a bound task: what woke it was seen by its thread before.
    #[inline]
    pub(super) fn start_bound(&self) -> Start {
        // Relaxed: it is set before the task is queued, by this thread or by who sent the mail that this thread opened.
        start(self.0.load(Ordering::Relaxed))
    }

    // BOOK: ch04, ch11
    /// (5) Ends a poll that returned `Pending`, which began with so many wakes, and during which the task woke itself or did
    /// not, with the references that were counted elsewhere. `Cancel` leaves those there.
    #[inline]
    pub(super) fn finish_poll(&self, Wakes(seen): Wakes, woke_itself: bool, counted: isize) -> FinishPoll {
        self.update(|now| {
            debug_assert!(now & SCHEDULED != 0 && now & COMPLETE == 0, "{}", Snapshot(now));
            if counted > 0 {
                end_process_if_too_many(now);
            }
            if now & CANCELLED != 0 {
                (None, FinishPoll::Cancel)
            } else if woke_itself || now & WAKES != seen {
                ((counted != 0).then(|| add(now, counted)), FinishPoll::Again)
            } else {
                (Some(add(now & !(SCHEDULED | WAKES), counted)), FinishPoll::Idle)
            }
        })
    }

    /// (6) The output is in place (or the cancellation): publishes it, with the references that were counted elsewhere.
    pub(super) fn complete(&self, counted: isize) -> Completed {
        // Release: pairs with the Acquire in `is_complete`, `set_join_waker` and `drop_handle`, for the output.
        // Acquire: pairs with the Release in `set_join_waker`, for the waker.
        let before = self
            .0
            .fetch_add(add(COMPLETE.wrapping_sub(SCHEDULED), counted), Ordering::AcqRel);
        debug_assert!(
            before & SCHEDULED != 0 && before & COMPLETE == 0,
            "{}",
            Snapshot(before)
        );
        completed(before)
    }

    /// (6) As [`complete`](Self::complete), of a bound task.
    pub(super) fn complete_bound(&self, counted: isize) -> Completed {
        // The orderings are those of `complete`.
        let before = self.0.fetch_add(add(COMPLETE, counted), Ordering::AcqRel);
        debug_assert!(before & COMPLETE == 0, "{}", Snapshot(before));
        completed(before)
    }

    // BOOK: ch04
    /// (3) A wake that leaves the waker's own reference alone.
    ///
    /// Also when the task is scheduled already this writes: the running or next poll must see what the waker's
    /// thread wrote before, and only a write that it reads from can give it that.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> Wake {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, Wake::Nothing)
            } else if now & SCHEDULED == 0 {
                (Some(now | SCHEDULED), Wake::Enqueue)
            } else {
                (Some(count_wake(now)), Wake::Nothing)
            }
        })
    }

    /// (3) A wake that gives up the waker's reference.
    #[inline]
    pub(super) fn wake_by_value(&self) -> Wake {
        self.update(|now| {
            let next = add(now, -1);
            if now & COMPLETE != 0 {
                (Some(next), if is_last(next) { Wake::Free } else { Wake::Nothing })
            } else if now & SCHEDULED == 0 {
                (Some(next | SCHEDULED), Wake::Enqueue)
            } else {
                (Some(count_wake(next)), Wake::Nothing)
            }
        })
    }

    /// (3) A wake of a bound task by another thread than its own; `Enqueue` comes with a reference for the mail.
    ///
    /// As in [`wake_by_ref`](Self::wake_by_ref), it writes in any case: the mail's opening reads from the last one.
    pub(super) fn post(&self) -> Wake {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, Wake::Nothing)
            } else if now & SCHEDULED == 0 {
                (Some(add(now | SCHEDULED, 1)), Wake::Enqueue)
            } else {
                (Some(now), Wake::Nothing)
            }
        })
    }

    /// (3) As [`post`](Self::post); gives up the waker's reference, or leaves it to the mail.
    pub(super) fn post_by_value(&self) -> Wake {
        self.update(|now| {
            let next = add(now, -1);
            if now & COMPLETE != 0 {
                (Some(next), if is_last(next) { Wake::Free } else { Wake::Nothing })
            } else if now & SCHEDULED == 0 {
                (Some(now | SCHEDULED), Wake::Enqueue)
            } else {
                (Some(next), Wake::Nothing)
            }
        })
    }

    /// What is about to be pushed into the mailbox was noted.
    pub(super) fn mark(&self) {
        // Relaxed: the push publishes it.
        self.0.fetch_or(MARKED, Ordering::Relaxed);
    }

    /// Takes a mail for this thread, whose task it is, and gives up the mail's reference.
    pub(super) fn open(&self) -> Opened {
        self.update(|now| {
            debug_assert!(now & SCHEDULED != 0, "{}", Snapshot(now));
            let next = add(now & !(SCHEDULED | MARKED), -1);
            let found = if now & COMPLETE == 0 {
                Found::Incomplete
            } else if is_last(next) {
                Found::Last
            } else {
                Found::Complete
            };
            let is_marked = now & MARKED != 0;
            (Some(next), Opened { found, is_marked })
        })
    }

    /// (4) Asks for the future to be dropped by the thread that has it, or by the next one that pops the task.
    pub(super) fn abort(&self) -> Wake {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, Wake::Nothing)
            } else if now & SCHEDULED == 0 {
                (Some(now | SCHEDULED | CANCELLED), Wake::Enqueue)
            } else {
                (Some(now | CANCELLED), Wake::Nothing)
            }
        })
    }

    /// (4) Of a bound task, which is then to be woken. False if it is complete.
    pub(super) fn abort_bound(&self) -> bool {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, false)
            } else {
                (Some(now | CANCELLED), true)
            }
        })
    }

    /// (7) Takes an idle task for this thread, to cancel it. One that is scheduled or running is marked instead, and
    /// cancelled by the thread that pops or runs it.
    pub(super) fn claim(&self) -> bool {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, false)
            } else if now & SCHEDULED == 0 {
                (Some(now | SCHEDULED | CANCELLED), true)
            } else {
                (Some(now | CANCELLED), false)
            }
        })
    }

    /// Whether the task was aborted, as far as this thread knows.
    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) & CANCELLED != 0
    }

    /// Where the task stands, as far as one look can tell: whether it runs its owner says.
    pub(super) fn stage(&self) -> TaskStage {
        // Relaxed: it is only shown to people.
        match self.0.load(Ordering::Relaxed) {
            now if now & COMPLETE != 0 => TaskStage::Complete,
            now if now & SCHEDULED != 0 => TaskStage::Queued,
            _ => TaskStage::Idle,
        }
    }

    /// How many references there are by which somebody may wake the task, with those that were counted elsewhere; as far as one
    /// look can tell, of a task that is not complete. An `AbortHandle` counts as one.
    pub(super) fn wakers(&self, bound: bool, counted: isize) -> usize {
        // Relaxed: it is only shown to people.
        let now = self.0.load(Ordering::Relaxed);
        let share = isize::from(now & COMPLETE == 0);
        let handle = isize::from(now & JOIN_INTEREST != 0);
        let mail = isize::from(bound && now & SCHEDULED != 0);
        let wakers = references(now) + counted - share - handle - mail;
        usize::try_from(wakers).unwrap_or(0)
    }

    /// Whether the output is there (or was taken).
    pub(super) fn is_complete(&self) -> bool {
        // Acquire: pairs with the Release in `complete`.
        self.0.load(Ordering::Acquire) & COMPLETE != 0
    }

    /// Hands the waker in the slot to whoever completes the task.
    pub(super) fn set_join_waker(&self) -> Result<(), AlreadyComplete> {
        self.update(|now| {
            debug_assert!(
                now & JOIN_INTEREST != 0 && now & JOIN_WAKER == 0,
                "{}",
                Snapshot(now)
            );
            if now & COMPLETE != 0 {
                (None, Err(AlreadyComplete))
            } else {
                (Some(now | JOIN_WAKER), Ok(()))
            }
        })
    }

    /// Takes the waker slot back for the `JoinHandle`, or reports that the completer has it.
    pub(super) fn unset_join_waker(&self) -> Result<(), AlreadyComplete> {
        self.update(|now| {
            debug_assert!(now & JOIN_INTEREST != 0, "{}", Snapshot(now));
            if now & COMPLETE != 0 {
                (None, Err(AlreadyComplete))
            } else {
                (Some(now & !JOIN_WAKER), Ok(()))
            }
        })
    }

    /// Whether a waker lies in the slot for the completer. Only the `JoinHandle` changes this bit.
    pub(super) fn has_join_waker(&self) -> bool {
        self.0.load(Ordering::Relaxed) & JOIN_WAKER != 0
    }

    /// Gives up the `JoinHandle`'s interest and its reference, if the task is not complete and no waker is left.
    pub(super) fn drop_handle(&self) -> DropHandle {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, DropHandle::Output)
            } else if now & JOIN_WAKER != 0 {
                (None, DropHandle::Waker)
            } else {
                (Some(add(now & !JOIN_INTEREST, -1)), DropHandle::Done)
            }
        })
    }

    /// One more reference, for a new waker.
    #[inline]
    pub(super) fn add_reference(&self) {
        // Relaxed: the one it is made from keeps the cell alive, as in `Arc`.
        end_process_if_too_many(self.0.fetch_add(REFERENCE, Ordering::Relaxed));
    }

    /// Gives up a reference; whether it was the last, so that the caller frees the cell.
    #[inline]
    #[must_use]
    pub(super) fn drop_reference(&self) -> bool {
        // Release: what this thread did to the cell comes before its end. Acquire: pairs with it, for the thread
        // that frees the cell.
        is_last(add(self.0.fetch_sub(REFERENCE, Ordering::AcqRel), -1))
    }

    /// The one loop: `transition` names the next word, or `None` to leave it, and the result.
    ///
    /// AcqRel on success: Release publishes what this thread wrote before (a waker's data, a poll's changes to the
    /// future, a join waker) to whoever reads this write, above all `start` and `complete`; Acquire is the other
    /// side of the same. Acquire on a plain look: a `COMPLETE` that is seen comes with the output.
    #[inline]
    fn update<R>(&self, mut transition: impl FnMut(usize) -> (Option<usize>, R)) -> R {
        let mut now = self.0.load(Ordering::Acquire);
        loop {
            let (next, result) = transition(now);
            let Some(next) = next else { return result };
            match self
                .0
                .compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return result,
                Err(changed) => now = changed,
            }
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Snapshot(self.0.load(Ordering::Relaxed)), f)
    }
}

const SCHEDULED: usize = 1;
const COMPLETE: usize = 1 << 1;
const CANCELLED: usize = 1 << 2;
const JOIN_INTEREST: usize = 1 << 3;
const JOIN_WAKER: usize = 1 << 4;
const MARKED: usize = 1 << 5;
/// One wake.
const WAKE: usize = 1 << 6;
/// As many as are counted.
const MOST_WAKES: usize = 3 * WAKE;
const WAKES: usize = MOST_WAKES;
const REFERENCE: usize = 1 << 8;

/// The word with so many more references, or fewer.
fn add(word: usize, references: isize) -> usize {
    word.wrapping_add((references as usize).wrapping_mul(REFERENCE))
}

/// The word with a wake more, if there is room.
fn count_wake(word: usize) -> usize {
    if word & WAKES == MOST_WAKES {
        word
    } else {
        word + WAKE
    }
}

/// As `Arc`: so many leaked wakers can only be a bug, and going on would free a task in use.
#[inline]
fn end_process_if_too_many(word: usize) {
    // Below zero is no overflow: what is missing was counted elsewhere.
    if word as isize > isize::MAX / 2 {
        std::process::abort();
    }
}

/// Whether a cell with that word is to be freed.
fn is_last(word: usize) -> bool {
    word & COMPLETE != 0 && references(word) == 0
}

fn references(word: usize) -> isize {
    (word as isize) >> REFERENCE.trailing_zeros()
}

fn start(word: usize) -> Start {
    if word & CANCELLED == 0 {
        Start::Poll(Wakes(word & WAKES))
    } else {
        Start::Cancel
    }
}

fn completed(before: usize) -> Completed {
    Completed {
        joinable: before & JOIN_INTEREST != 0,
        wake_joiner: before & JOIN_WAKER != 0,
        is_mailed: before & SCHEDULED != 0,
    }
}

/// A copy of the word, for messages.
struct Snapshot(usize);

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (SCHEDULED, "SCHEDULED"),
            (COMPLETE, "COMPLETE"),
            (CANCELLED, "CANCELLED"),
            (JOIN_INTEREST, "JOIN_INTEREST"),
            (JOIN_WAKER, "JOIN_WAKER"),
            (MARKED, "MARKED"),
        ];
        for (_, name) in flags.iter().filter(|(flag, _)| self.0 & flag != 0) {
            write!(f, "{name} ")?;
        }
        write!(
            f,
            "wakes={} references={}",
            (self.0 & WAKES) / WAKE,
            references(self.0)
        )
    }
}
