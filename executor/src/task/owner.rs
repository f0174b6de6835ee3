//! What whoever has the exclusive right to a task keeps of it, without read-modify-writes.
//!
//! Of a task that any worker may run, that is the thread that polls it, during the poll: it notes that the task woke
//! itself, and counts the clones and drops of its wakers.
//!
//! Of a *bound* task, which one thread runs at a time (the one that drives a current-thread runtime, or the one that a local
//! task belongs to), it is that thread, until the task is complete; all of its life is in the flags:
//!
//! ```text
//!    (1) new, here            (2) start                     (6) complete
//!   ──────────────▶ QUEUED ─────────────▶ RUNNING ────────────────────────▶ DONE
//!                   ▲    ▲                 │  │ ▲                            ▲
//!      (3) wake     │    └── QUEUED ◀──────┘  │ │ (3) wake: QUEUED too       │
//!                   │      (5) finish: Again  │ │                            │
//!   ──────────────▶ no flag ◀─────────────────┘                              │
//!    (1) new, mailed    │    (5) finish: Idle                                │
//!                       └────────────▶ RUNNING ──────────────────────────────┘
//!                          (7) claim
//! ```
//!
//! `QUEUED` and not `RUNNING`: in the thread's queue, once. Other threads go by way of [`State`](super::state::State) and
//! the mailbox. When another thread takes the driving over, the lock of the driver's seat hands this on.
//!
//! All accesses are Relaxed: only who has the right makes them, but for [`stage`](Owner::stage), which is for people. They are
//! std's in every build, and a model checker sees that the right is one thread's by an empty cell that goes along.

use std::sync::atomic::{AtomicI8, AtomicU8, Ordering};

use super::info::TaskStage;
use crate::primitive::UnsafeCell;

/// See the module.
pub(super) struct Owner {
    flags: AtomicU8,
    /// References that are not counted in the state yet.
    counted: AtomicI8,
    right: UnsafeCell<()>,
}

/// What to do after a bound task was woken by its own thread.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum OwnWake {
    /// Push it to the thread's queue.
    Enqueue,
    /// It is there already, or will be when its poll ends.
    Nothing,
    /// Nothing: it is complete.
    Done,
}

const QUEUED: u8 = 1;
const RUNNING: u8 = 1 << 1;
const DONE: u8 = 1 << 2;

impl Owner {
    /// Of a task that any worker may run, or a bound one that comes by mail.
    pub(super) fn new() -> Self {
        Self::with(0)
    }

    /// (1) Of a bound task that its own thread spawns.
    pub(super) fn new_queued() -> Self {
        Self::with(QUEUED)
    }

    fn with(flags: u8) -> Self {
        Self {
            flags: AtomicU8::new(flags),
            counted: AtomicI8::new(0),
            right: UnsafeCell::new(()),
        }
    }

    // BOOK: ch05
    /// (3) Wakes a bound task.
    #[inline]
    pub(super) fn wake(&self) -> OwnWake {
        match self.flags() {
            0 => {
                self.set_flags(QUEUED);
                OwnWake::Enqueue
            }
            RUNNING => {
                self.set_flags(RUNNING | QUEUED);
                OwnWake::Nothing
            }
            flags if flags & DONE == 0 => OwnWake::Nothing,
            _ => OwnWake::Done,
        }
    }

    /// (2) A bound task was taken out of the queue.
    #[inline]
    pub(super) fn start(&self) {
        debug_assert_eq!(self.flags(), QUEUED);
        self.set_flags(RUNNING);
    }

    /// (5) A poll of a bound task returned `Pending`. Whether it is to be queued again.
    #[inline]
    #[must_use]
    pub(super) fn finish(&self) -> bool {
        let flags = self.flags() & !RUNNING;
        self.set_flags(flags);
        flags & QUEUED != 0
    }

    /// (6) A bound task is about to be complete. From now on everybody counts in the state. Of a task that any worker may run:
    /// it is complete, and was given up but for its place in the owner table.
    pub(super) fn complete(&self) {
        self.set_flags(DONE);
    }

    /// (7) Takes a bound task that is idle for this thread, to cancel it.
    #[must_use]
    pub(super) fn claim(&self) -> bool {
        let is_idle = self.flags() == 0;
        if is_idle {
            self.set_flags(RUNNING);
        }
        is_idle
    }

    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.flags() & DONE != 0
    }

    /// The poll of a task that any worker may run begins.
    #[inline]
    pub(super) fn begin_poll(&self) {
        self.use_right();
        self.set_flags(RUNNING);
    }

    /// It wakes itself.
    #[inline]
    pub(super) fn note_self_wake(&self) {
        self.use_right();
        self.set_flags(RUNNING | QUEUED);
    }

    /// The poll ends. Whether the task woke itself.
    #[inline]
    pub(super) fn end_poll(&self) -> bool {
        let woke = self.flags() & QUEUED != 0;
        self.set_flags(0);
        woke
    }

    /// Counts a reference more or less. False if there is no room: then it is counted in the state.
    #[inline]
    #[must_use]
    pub(super) fn count(&self, change: i8) -> bool {
        self.use_right();
        let counted = self.counted.load(Ordering::Relaxed).checked_add(change);
        if let Some(counted) = counted {
            self.counted.store(counted, Ordering::Relaxed);
        }
        counted.is_some()
    }

    /// What was counted since this was asked last, to be counted in the state.
    #[inline]
    #[must_use]
    pub(super) fn take_counted(&self) -> isize {
        self.use_right();
        let counted = self.counted.load(Ordering::Relaxed);
        if counted != 0 {
            self.counted.store(0, Ordering::Relaxed);
        }
        counted.into()
    }

    /// What [`take_counted`](Self::take_counted) would return now, for people.
    pub(super) fn counted(&self) -> isize {
        self.counted.load(Ordering::Relaxed).into()
    }

    /// As if that had not been asked.
    pub(super) fn put_back(&self, counted: isize) {
        // It came out of there.
        self.counted.store(counted as i8, Ordering::Relaxed);
    }

    /// Where a bound task that is not complete stands; of one that any worker may run: whether it runs.
    pub(super) fn stage(&self) -> TaskStage {
        match self.flags.load(Ordering::Relaxed) {
            flags if flags & DONE != 0 => TaskStage::Complete,
            flags if flags & RUNNING != 0 => TaskStage::Running,
            flags if flags & QUEUED != 0 => TaskStage::Queued,
            _ => TaskStage::Idle,
        }
    }

    /// Whoever is at it at the same time, or later without having been told, has not the right.
    #[inline]
    fn use_right(&self) {
        self.right.with_mut(|_| ());
    }

    #[inline]
    fn flags(&self) -> u8 {
        self.use_right();
        self.flags.load(Ordering::Relaxed)
    }

    #[inline]
    fn set_flags(&self, flags: u8) {
        self.flags.store(flags, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_bound_task_is_queued_once_until_it_runs_and_again_if_it_is_woken_then() {
        let owner = Owner::new();
        assert_eq!(owner.wake(), OwnWake::Enqueue);
        assert_eq!(owner.wake(), OwnWake::Nothing, "it is queued");
        assert_eq!(owner.stage(), TaskStage::Queued);
        owner.start();
        assert_eq!(owner.stage(), TaskStage::Running);
        assert_eq!(owner.wake(), OwnWake::Nothing, "it runs");
        assert_eq!(owner.wake(), OwnWake::Nothing);
        assert!(owner.finish(), "it was woken");
        owner.start();
        assert!(!owner.finish());
        assert_eq!(owner.stage(), TaskStage::Idle);
        assert_eq!(owner.wake(), OwnWake::Enqueue);
    }

    #[test]
    fn only_an_idle_bound_task_is_claimed() {
        assert!(Owner::new().claim());
        let owner = Owner::new_queued();
        assert!(!owner.claim(), "it is queued");
        owner.start();
        assert!(!owner.claim(), "it runs");
        assert!(!owner.finish());
        assert!(owner.claim());
        assert!(!owner.claim(), "it was claimed");
    }

    #[test]
    fn nothing_wakes_or_claims_what_is_complete() {
        let owner = Owner::new_queued();
        owner.start();
        assert!(!owner.is_done());
        owner.complete();
        assert!(owner.is_done());
        assert_eq!(owner.wake(), OwnWake::Done);
        assert!(!owner.claim());
        assert_eq!(owner.stage(), TaskStage::Complete);
    }

    #[test]
    fn a_self_wake_is_told_when_its_poll_ends() {
        let owner = Owner::new();
        owner.begin_poll();
        assert_eq!(owner.stage(), TaskStage::Running);
        owner.note_self_wake();
        owner.note_self_wake();
        assert_eq!(owner.stage(), TaskStage::Running);
        assert!(owner.end_poll());
        assert_eq!(owner.stage(), TaskStage::Idle);
        owner.begin_poll();
        assert!(!owner.end_poll());
    }

    #[test]
    fn references_are_counted_as_long_as_there_is_room() {
        let owner = Owner::new();
        for change in [1, -1] {
            let counted = (0..1000).filter(|_| owner.count(change)).count() as isize;
            let room = if change == 1 { 127 } else { 128 };
            assert_eq!(counted, room);
            let taken = owner.take_counted();
            assert_eq!(taken, room * isize::from(change));
            assert_eq!(owner.take_counted(), 0);
            owner.put_back(taken);
            assert_eq!(owner.take_counted(), taken);
        }
    }
}
