//! A stand-in for crossbeam's `SegQueue` and `ArrayQueue` under shuttle, which sees every schedule of locks but no weak
//! memory, and runs far more than a queue of bounded life could take.

use std::collections::VecDeque;

use crate::primitive::{Mutex, lock};

pub(crate) struct SegQueue<T>(Mutex<VecDeque<T>>);

impl<T> SegQueue<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(crate) fn push(&self, value: T) {
        lock(&self.0).push_back(value);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        lock(&self.0).pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// A queue that refuses what does not fit. It is smaller than it was asked to be, so that a model fills it.
pub(crate) struct ArrayQueue<T> {
    items: SegQueue<T>,
    capacity: usize,
}

const CAPACITY: usize = 4;

impl<T> ArrayQueue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            items: SegQueue::new(),
            capacity: capacity.min(CAPACITY),
        }
    }

    pub(crate) fn push(&self, value: T) -> Result<(), T> {
        let mut items = lock(&self.items.0);
        if items.len() >= self.capacity {
            return Err(value);
        }
        items.push_back(value);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.items.pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
