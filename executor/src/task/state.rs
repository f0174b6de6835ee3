//! The task's state: one word of flags and a reference count. Every transition is one read-modify-write.
//!
//! ```text
//!            (1) new                          (2) start
//!   spawn ───────────▶ SCHEDULED ─────────────────────────────▶ RUNNING
//!                       ▲     ▲                                 │  │  │
//!            (3) wake,  │     │ (5) finish_poll: Again          │  │  │ (6) complete
//!            (4) abort  │     └─────────────────────────────────┘  │  ▼
//!                       │            (5) finish_poll: Idle         │ COMPLETE ──▶ freed with
//!                      IDLE ◀──────────────────────────────────────┘  ▲           the last reference
//!                       │                    (7) claim                │
//!                       └────────────▶ RUNNING ───────────────────────┘
//! ```
//!
//! | bit | set by | cleared by | means |
//! |---|---|---|---|
//! | `SCHEDULED` | (1) (3) (4) | (2) | in one queue, or about to be pushed there by whoever set it; while `RUNNING`, to be queued again when the poll ends; without meaning once `COMPLETE` |
//! | `RUNNING` | (2) (7) | (5) (6) | one thread has the future to itself |
//! | `COMPLETE` | (6) | never | the future is gone; the output is there until it is taken |
//! | `CANCELLED` | (4) (7) | never | whoever has the future next drops it instead of polling it |
//! | `JOIN_INTEREST` | (1) | `drop_handle` | there is a `JoinHandle`, which owns the output once `COMPLETE` |
//! | `JOIN_WAKER` | `set_join_waker` | `unset_join_waker` | the waker slot belongs to whoever completes the task; clear: to the `JoinHandle` |
//!
//! **References.** One each for: the owner table (until after (6)), the `JoinHandle`, every `AbortHandle` and `Waker`, the queue
//! entry (`SCHEDULED` and not `RUNNING`) or the thread that runs the task (`RUNNING`). So the count of a task that
//! is not `COMPLETE` is never zero.

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
    /// Poll the future.
    Poll,
    /// The task was aborted: drop the future.
    Cancel,
}

/// What to do after a poll that returned `Pending`.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum FinishPoll {
    /// Nothing: the task is idle and may already be running elsewhere, or freed. Do not touch it.
    Idle,
    /// It was woken meanwhile: queue it again; the reference is now the queue's.
    Again,
    /// It was aborted meanwhile and is still ours: drop the future.
    Cancel,
}

/// What to do after a wake or an abort.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Wake {
    /// Push the task to its home's queue, which takes over one reference.
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
    /// (1) Scheduled, with the references of the owner table, the queue entry and the `JoinHandle`.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SCHEDULED | JOIN_INTEREST | (3 * REFERENCE)))
    }

    /// (2) Takes a task that was popped from a queue for this thread.
    pub(super) fn start(&self) -> Start {
        // Acquire: pairs with the Release of the wake that scheduled the task, so that the poll sees what the
        // waker saw, and with that of the `finish_poll` before, on another thread, for the future itself.
        let before = self.0.fetch_xor(SCHEDULED | RUNNING, Ordering::AcqRel);
        debug_assert!(
            before & SCHEDULED != 0 && before & (RUNNING | COMPLETE) == 0,
            "{}",
            Snapshot(before)
        );
        if before & CANCELLED == 0 {
            Start::Poll
        } else {
            Start::Cancel
        }
    }

    /// (5) Ends a poll that returned `Pending`. Gives up the running thread's reference if the task is now idle.
    pub(super) fn finish_poll(&self) -> FinishPoll {
        self.update(|now| {
            debug_assert!(now & RUNNING != 0 && now & COMPLETE == 0, "{}", Snapshot(now));
            if now & CANCELLED != 0 {
                (None, FinishPoll::Cancel)
            } else if now & SCHEDULED != 0 {
                (Some(now & !RUNNING), FinishPoll::Again)
            } else {
                (Some((now & !RUNNING) - REFERENCE), FinishPoll::Idle)
            }
        })
    }

    /// (6) The output is in place (or the cancellation): publishes it. The running thread keeps its reference.
    pub(super) fn complete(&self) -> Completed {
        // Release: pairs with the Acquire in `is_complete`, `set_join_waker` and `drop_handle`, for the output.
        // Acquire: pairs with the Release in `set_join_waker`, for the waker.
        let before = self.0.fetch_xor(RUNNING | COMPLETE, Ordering::AcqRel);
        debug_assert!(
            before & RUNNING != 0 && before & COMPLETE == 0,
            "{}",
            Snapshot(before)
        );
        Completed {
            joinable: before & JOIN_INTEREST != 0,
            wake_joiner: before & JOIN_WAKER != 0,
        }
    }

    /// (3) A wake that leaves the waker's own reference alone; `Enqueue` comes with a new one.
    ///
    /// Also when the task is scheduled already this writes: the running or next poll must see what the waker's
    /// thread wrote before, and only a write that it reads from can give it that.
    pub(super) fn wake_by_ref(&self) -> Wake {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, Wake::Nothing)
            } else if now & (SCHEDULED | RUNNING) == 0 {
                (Some((now | SCHEDULED) + REFERENCE), Wake::Enqueue)
            } else {
                (Some(now | SCHEDULED), Wake::Nothing)
            }
        })
    }

    /// (3) A wake that consumes the waker's reference: `Enqueue` hands it to the queue.
    pub(super) fn wake_by_value(&self) -> Wake {
        self.update(|now| {
            if now & (SCHEDULED | RUNNING | COMPLETE) == 0 {
                (Some(now | SCHEDULED), Wake::Enqueue)
            } else if now & COMPLETE == 0 {
                (Some((now | SCHEDULED) - REFERENCE), Wake::Nothing)
            } else if references(now) == 1 {
                (Some(now - REFERENCE), Wake::Free)
            } else {
                (Some(now - REFERENCE), Wake::Nothing)
            }
        })
    }

    /// (4) Asks for the future to be dropped by the thread that has it, or by the next one that pops the task.
    pub(super) fn abort(&self) -> Wake {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, Wake::Nothing)
            } else if now & (SCHEDULED | RUNNING) == 0 {
                (Some((now | SCHEDULED | CANCELLED) + REFERENCE), Wake::Enqueue)
            } else {
                (Some(now | CANCELLED), Wake::Nothing)
            }
        })
    }

    /// (7) Takes an idle task for this thread, to cancel it, with a reference of its own. One that is scheduled or
    /// running is marked instead, and cancelled by the thread that pops or runs it.
    pub(super) fn claim(&self) -> bool {
        self.update(|now| {
            if now & COMPLETE != 0 {
                (None, false)
            } else if now & (SCHEDULED | RUNNING) == 0 {
                (Some((now | RUNNING | CANCELLED) + REFERENCE), true)
            } else {
                (Some(now | CANCELLED), false)
            }
        })
    }

    /// Where the task stands, as far as one look can tell.
    pub(super) fn stage(&self) -> TaskStage {
        // Relaxed: it is only shown to people.
        match self.0.load(Ordering::Relaxed) {
            now if now & COMPLETE != 0 => TaskStage::Complete,
            now if now & RUNNING != 0 => TaskStage::Running,
            now if now & SCHEDULED != 0 => TaskStage::Queued,
            _ => TaskStage::Idle,
        }
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
                (Some((now & !JOIN_INTEREST) - REFERENCE), DropHandle::Done)
            }
        })
    }

    /// One more reference, for a new waker.
    pub(super) fn add_reference(&self) {
        // Relaxed: the one it is made from keeps the cell alive, as in `Arc`.
        let before = self.0.fetch_add(REFERENCE, Ordering::Relaxed);
        if before > usize::MAX / 2 {
            // As `Arc`: so many leaked wakers can only be a bug, and going on would free a task in use.
            std::process::abort();
        }
    }

    /// Gives up `count` references; whether they were the last, so that the caller frees the cell.
    #[must_use]
    pub(super) fn drop_references(&self, count: usize) -> bool {
        // Release: what this thread did to the cell comes before its end. Acquire: pairs with it, for the thread
        // that frees the cell.
        let before = self.0.fetch_sub(count * REFERENCE, Ordering::AcqRel);
        debug_assert!(references(before) >= count, "{}", Snapshot(before));
        references(before) == count
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
const RUNNING: usize = 1 << 1;
const COMPLETE: usize = 1 << 2;
const CANCELLED: usize = 1 << 3;
const JOIN_INTEREST: usize = 1 << 4;
const JOIN_WAKER: usize = 1 << 5;
const REFERENCE: usize = 1 << 6;

fn references(word: usize) -> usize {
    word / REFERENCE
}

/// A copy of the word, for messages.
struct Snapshot(usize);

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (SCHEDULED, "SCHEDULED"),
            (RUNNING, "RUNNING"),
            (COMPLETE, "COMPLETE"),
            (CANCELLED, "CANCELLED"),
            (JOIN_INTEREST, "JOIN_INTEREST"),
            (JOIN_WAKER, "JOIN_WAKER"),
        ];
        for (_, name) in flags.iter().filter(|(flag, _)| self.0 & flag != 0) {
            write!(f, "{name} ")?;
        }
        write!(f, "references={}", references(self.0))
    }
}
