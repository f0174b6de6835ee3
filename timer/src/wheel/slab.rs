//! Where the entries lie: a growing array with a list of free places, and generations that tell a key's entry from
//! a later one in the same place.

use std::ops::{Index, IndexMut};

use super::Key;
use super::level::Place;

/// The end of a list of indices.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone)]
pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: u32,
    len: usize,
}

#[derive(Clone)]
pub(super) struct Entry<T> {
    /// The deadline. The place may lie before it: that is how a reset to later costs one store.
    pub(super) when: u64,
    pub(super) place: Place,
    pub(super) previous: u32,
    /// The next in the slot's list, or in the list of free places.
    pub(super) next: u32,
    /// Rises when the place is given up. It wraps: a key that was kept while its place was used 2^32 times
    /// would be taken for valid.
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Stores an entry that is in no list yet.
    pub(super) fn insert(&mut self, when: u64, value: T) -> u32 {
        self.len += 1;
        if self.free != NONE {
            let index = self.free;
            let entry = &mut self[index];
            entry.when = when;
            entry.value = Some(value);
            self.free = self[index].next;
            return index;
        }
        let index = u32::try_from(self.entries.len())
            .ok()
            .filter(|&index| index != NONE)
            .expect("a wheel holds at most 2^32 - 1 entries");
        self.entries.push(Entry {
            when,
            place: Place::Overflow,
            previous: NONE,
            next: NONE,
            generation: 0,
            value: Some(value),
        });
        index
    }

    /// Gives up an entry that is in no list any more.
    pub(super) fn remove(&mut self, index: u32) -> T {
        let free = self.free;
        let entry = &mut self[index];
        let value = entry.value.take().expect("a linked entry has a value");
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = free;
        self.free = index;
        self.len -= 1;
        value
    }

    /// Gives up all entries, whatever lists they are in.
    pub(super) fn drain(&mut self) -> Vec<T> {
        let mut values = Vec::with_capacity(self.len);
        for index in 0..self.entries.len() as u32 {
            if self[index].value.is_some() {
                values.push(self.remove(index));
            }
        }
        values
    }

    pub(super) fn key(&self, index: u32) -> Key {
        Key {
            index,
            generation: self[index].generation,
        }
    }

    /// The entry's index, unless it is gone.
    pub(super) fn find(&self, key: Key) -> Option<u32> {
        let entry = self.entries.get(key.index as usize)?;
        (entry.generation == key.generation && entry.value.is_some()).then_some(key.index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.when, entry.value.as_ref()?)))
    }

    pub(super) fn value_mut(&mut self, index: u32) -> Option<&mut T> {
        self[index].value.as_mut()
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = Entry<T>;

    fn index(&self, index: u32) -> &Entry<T> {
        &self.entries[index as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.entries[index as usize]
    }
}
