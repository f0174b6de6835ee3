//! A stand-in for crossbeam's `SegQueue`, whose atomics a model checker cannot see.
//!
//! Its orderings are no stronger than the original's: Release when an item is published, Acquire when it is taken,
//! a Relaxed `is_empty`, no lock. It takes [`CAPACITY`] items in its life, which a model never exceeds. A `pop`
//! that finds the next item claimed but not yet published reports empty where the original would spin, and so does
//! `is_empty`; that push has not returned, so a model must not count on it in either.
//!
//! Rule M: the value of a slot belongs to the pusher that claimed its index until it stores `true` with Release;
//! after that to the popper whose compare-exchange moved `head` past it.
#![allow(unsafe_code)]

use crate::primitive::{AtomicUsize, Ordering, UnsafeCell};

const CAPACITY: usize = 8;

pub(crate) struct SegQueue<T> {
    head: AtomicUsize,
    tail: AtomicUsize,
    slots: [Slot<T>; CAPACITY],
}

struct Slot<T> {
    published: AtomicUsize,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: rule M: every value has one owner at a time, and it is handed on with Release and Acquire.
unsafe impl<T: Send> Sync for SegQueue<T> {}
// SAFETY: the queue owns its values.
unsafe impl<T: Send> Send for SegQueue<T> {}

impl<T> SegQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            slots: std::array::from_fn(|_| Slot {
                published: AtomicUsize::new(0),
                value: UnsafeCell::new(None),
            }),
        }
    }

    pub(crate) fn push(&self, value: T) {
        let index = self.tail.fetch_add(1, Ordering::Relaxed);
        assert!(index < CAPACITY, "a model pushed more than its queue can take");
        // SAFETY: rule M: the index was claimed by the fetch_add above and is not published yet.
        self.slots[index]
            .value
            .with_mut(|slot| unsafe { *slot = Some(value) });
        self.slots[index].published.store(1, Ordering::Release);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        loop {
            let head = self.head.load(Ordering::Relaxed);
            // Acquire: pairs with the Release in `push`.
            if head == CAPACITY || self.slots[head].published.load(Ordering::Acquire) == 0 {
                return None;
            }
            if self
                .head
                .compare_exchange(head, head + 1, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                // SAFETY: rule M: published, and the compare-exchange gave this index to us alone.
                return self.slots[head].value.with_mut(|slot| unsafe { (*slot).take() });
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        head == CAPACITY || self.slots[head].published.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn len(&self) -> usize {
        let tail = self.tail.load(Ordering::Relaxed);
        tail.saturating_sub(self.head.load(Ordering::Relaxed))
    }
}
