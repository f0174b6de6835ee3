//! A worker's run queue: its worker pushes, anybody takes, one task or half of all.

use std::ptr::{self, NonNull};

use crossbeam_utils::CachePadded;
use reveille_context::event;
use reveille_context::task::TaskId;

use super::cell::Header;
use super::reference::Runnable;
use crate::primitive::{AtomicPtr, AtomicU64, Ordering, UnsafeCell};

/// Room for `N` woken tasks, a power of two, as in the run queues of Go's scheduler (`runqput` and `runqgrab`).
///
/// ```text
///               head             tail
///     ───────────┬────────────────┬───────────
///      was taken │    is queued   │   is free       both only grow; the task of an index is in slot `index % N`
///     ───────────┴────────────────┴───────────
///        take: reads slots, then   push: writes a slot,
///        moves head past them      then moves tail past it
/// ```
///
/// A pointer in a slot is a [`Runnable`] of whoever moves `head` past it. Before that it is only read: who finds `head` moved
/// by somebody else forgets what he read. The owner writes a slot again when `head` is past it.
///
/// To push takes no read-modify-write, since there is one who may: whoever has the right to (the shard's seat).
pub(crate) struct Ring<const N: usize> {
    head: CachePadded<AtomicU64>,
    tail: CachePadded<AtomicU64>,
    slots: [AtomicPtr<Header>; N],
    /// Empty; it goes along with the right to push, so that a model checker sees two who have it.
    right: UnsafeCell<()>,
}

// SAFETY: rule I: the rest is atomic, and `right` holds nothing.
unsafe impl<const N: usize> Sync for Ring<N> {}

impl<const N: usize> Ring<N> {
    pub(crate) fn new() -> Self {
        const { assert!(N.is_power_of_two()) };
        Self {
            head: CachePadded::new(AtomicU64::new(0)),
            tail: CachePadded::new(AtomicU64::new(0)),
            slots: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            right: UnsafeCell::new(()),
        }
    }

    /// Puts a task behind all others, by the one thread that may; gives it back if there is no room.
    #[inline]
    pub(crate) fn push(&self, task: Runnable) -> Result<(), Runnable> {
        let (tail, room) = self.room();
        if room == 0 {
            return Err(task);
        }
        self.slot(tail)
            .store(task.into_pointer().as_ptr(), Ordering::Relaxed);
        self.move_tail(tail + 1);
        Ok(())
    }

    /// Takes the first task.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Runnable> {
        loop {
            let (head, queued) = self.look();
            if queued == 0 {
                return None;
            }
            let task = self.slot(head).load(Ordering::Relaxed);
            if self.move_head(head, 1) {
                // SAFETY: rule I: `head` was moved past it.
                return Some(unsafe { runnable(task) });
            }
        }
    }

    // BOOK: ch11
    /// Takes half of the tasks: the first, and the others into `here`, by the one thread that may push there. While somebody
    /// records, `tell` is called for each before anybody can find it there.
    pub(crate) fn steal<const M: usize>(&self, here: &Ring<M>, tell: impl Fn(TaskId)) -> Option<Runnable> {
        let (tail, room) = here.room();
        loop {
            let (head, queued) = self.look();
            let count = queued.div_ceil(2).min(room + 1);
            if count == 0 {
                return None;
            }
            let first = self.slot(head).load(Ordering::Relaxed);
            for offset in 1..count {
                let task = self.slot(head + offset).load(Ordering::Relaxed);
                here.slot(tail + offset - 1).store(task, Ordering::Relaxed);
            }
            if self.move_head(head, count) {
                // SAFETY: rule I: `head` was moved past it.
                let first = unsafe { runnable(first) };
                if event::is_on() {
                    tell(first.id());
                    for offset in 1..count {
                        let task = here.slot(tail + offset - 1).load(Ordering::Relaxed);
                        // SAFETY: rule I: `head` was moved past it; into its place here `tail` is not moved yet.
                        tell(unsafe { runnable(task) }.id());
                    }
                }
                here.move_tail(tail + count - 1);
                return Some(first);
            }
        }
    }

    /// Takes the first `count` tasks, if there are as many.
    pub(crate) fn take_lot(&self, count: usize) -> Option<Box<[Runnable]>> {
        let mut tasks = vec![ptr::null_mut(); count];
        loop {
            let (head, queued) = self.look();
            if queued < count as u64 {
                return None;
            }
            for (index, task) in (head..).zip(&mut tasks) {
                *task = self.slot(index).load(Ordering::Relaxed);
            }
            if self.move_head(head, count as u64) {
                // SAFETY: rule I: `head` was moved past all of them.
                return Some(tasks.into_iter().map(|task| unsafe { runnable(task) }).collect());
            }
        }
    }

    /// How many tasks there were a moment ago.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let (_, queued) = self.look();
        // Of another thread's: it may have been filled and emptied between the two loads.
        queued.min(N as u64) as usize
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: nothing is taken. Who may sleep on the answer has a fence before it (`idle.rs`).
        self.head.load(Ordering::Relaxed) >= self.tail.load(Ordering::Relaxed)
    }

    /// The first index, and how many tasks there are from there on, unless `head` has moved meanwhile.
    #[inline]
    fn look(&self) -> (u64, u64) {
        // Acquire: pairs with the Release in `move_head`, so that `tail` is not found behind it.
        let head = self.head.load(Ordering::Acquire);
        // Acquire: pairs with the Release in `move_tail`, for the slots and for what is behind them.
        let tail = self.tail.load(Ordering::Acquire);
        (head, tail - head)
    }

    /// Of the one who may push: the next index, and for how many tasks there is room.
    #[inline]
    fn room(&self) -> (u64, u64) {
        self.right.with_mut(|_| ());
        let tail = self.tail.load(Ordering::Relaxed);
        // Acquire: pairs with the Release in `move_head`: who emptied a slot has read it before it is written again.
        let head = self.head.load(Ordering::Acquire);
        (tail, head + N as u64 - tail)
    }

    #[inline]
    fn slot(&self, index: u64) -> &AtomicPtr<Header> {
        &self.slots[index as usize % N]
    }

    #[inline]
    fn move_tail(&self, tail: u64) {
        self.right.with_mut(|_| ());
        // Release: pairs with the Acquire in `look`.
        self.tail.store(tail, Ordering::Release);
    }

    /// Takes what is in the next `count` slots, if `head` is where it was.
    #[inline]
    fn move_head(&self, head: u64, count: u64) -> bool {
        // Release: pairs with the Acquire in `room` and in `look`.
        self.head
            .compare_exchange(head, head + count, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }
}

/// # Safety
///
/// Rule I: it was in the slots past which this thread moved `head`.
#[inline]
unsafe fn runnable(task: *mut Header) -> Runnable {
    // SAFETY: rules A, B and I: it came from `into_pointer`, and is this thread's alone.
    unsafe { Runnable::new(NonNull::new_unchecked(task)) }
}
