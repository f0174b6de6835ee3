//! Where tasks go that no worker pushed, and those for which a worker's own queue has no room.

use std::{option, vec};

use super::shard::LOT;
use crate::primitive::{AtomicUsize, Ordering, SegQueue};
use crate::task::Runnable;

/// A queue for any thread, first in, first out. What overflows comes and goes in lots, each at the price of one task.
pub(super) struct Injector {
    queue: SegQueue<Injected>,
    /// How many lots are in there, or about to be.
    lots: AtomicUsize,
}

enum Injected {
    One(Runnable),
    /// Of [`LOT`] tasks.
    Lot(Box<[Runnable]>),
}

/// What was injected together: a task at least.
#[must_use]
pub(super) enum Taken {
    One(option::IntoIter<Runnable>),
    Lot(vec::IntoIter<Runnable>),
}

impl Injector {
    pub(super) fn new() -> Self {
        Self {
            queue: SegQueue::new(),
            lots: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(super) fn push(&self, task: Runnable) {
        self.queue.push(Injected::One(task));
    }

    /// Queues [`LOT`] tasks.
    pub(super) fn push_lot(&self, lot: Box<[Runnable]>) {
        debug_assert_eq!(lot.len(), LOT);
        // Relaxed: only `len` asks.
        self.lots.fetch_add(1, Ordering::Relaxed);
        self.queue.push(Injected::Lot(lot));
    }

    pub(super) fn pop(&self) -> Option<Taken> {
        Some(match self.queue.pop()? {
            Injected::One(task) => Taken::One(Some(task).into_iter()),
            Injected::Lot(lot) => {
                self.lots.fetch_sub(1, Ordering::Relaxed);
                Taken::Lot(Vec::from(lot).into_iter())
            }
        })
    }

    /// How many tasks are in there, about.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.lots.load(Ordering::Relaxed) * (LOT - 1)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

impl Iterator for Taken {
    type Item = Runnable;

    fn next(&mut self) -> Option<Runnable> {
        match self {
            Self::One(task) => task.next(),
            Self::Lot(tasks) => tasks.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::One(task) => task.size_hint(),
            Self::Lot(tasks) => tasks.size_hint(),
        }
    }
}

impl ExactSizeIterator for Taken {}
