//! A timer wheel: deadlines, sorted just as much as is needed.
//!
//! After Varghese and Lauck, *Hashed and Hierarchical Timing Wheels* (1987). A tick is read as a number of base 8. A timer
//! lies on the level of the highest digit in which its deadline differs from the tick that the wheel has reached, in the
//! slot of that digit.
//!
// ANCHOR: picture
//! ```text
//!            level  3  2  1  0
//! tick reached      0  0  1  4
//! a deadline        0  0  1  6      they differ on level 0: slot 6
//! a deadline        0  0  2  3      they differ on level 1: slot 2
//! a deadline        1  7  5  3      they differ on level 3: slot 1
//! ```
// ANCHOR_END: picture

use std::mem;

// ANCHOR: wheel
pub(crate) struct Wheel<T> {
    elapsed: u64,
    next_id: u64,
    /// Those of level 0, then those of level 1, and so on.
    slots: Vec<Vec<(Key, T)>>,
}

/// Names a timer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Key {
    when: u64,
    pub(crate) id: u64,
}

/// Three bits for a digit.
const BITS: u32 = 3;
const SLOTS: usize = 1 << BITS;
/// So many digits has the largest tick.
const LEVELS: u32 = u64::BITS.div_ceil(BITS);
// ANCHOR_END: wheel

impl<T> Wheel<T> {
    pub(crate) fn new(elapsed: u64) -> Self {
        let slots = LEVELS as usize * SLOTS;
        Self {
            elapsed,
            next_id: 0,
            slots: (0..slots).map(|_| Vec::new()).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.iter().map(Vec::len).sum()
    }

    // ANCHOR: place
    /// The level and the slot in which a deadline lies. That stays so until the slot is reached.
    pub(crate) fn place(&self, when: u64) -> (u32, u64) {
        // What is overdue comes with the present tick.
        let when = when.max(self.elapsed);
        let differing = when ^ self.elapsed;
        let level = differing.checked_ilog2().unwrap_or(0) / BITS;
        (level, digit(when, level))
    }
    // ANCHOR_END: place

    // ANCHOR: insert
    pub(crate) fn insert(&mut self, when: u64, value: T) -> Key {
        let key = Key {
            when,
            id: self.next_id,
        };
        self.next_id += 1;
        self.slot(when).push((key, value));
        key
    }

    /// Takes a timer out; `None` if it has fired.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slot(key.when);
        let position = slot.iter().position(|(other, _)| *other == key)?;
        Some(slot.remove(position).1)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slot(key.when);
        slot.iter_mut()
            .find(|(other, _)| *other == key)
            .map(|(_, value)| value)
    }
    // ANCHOR_END: insert

    // ANCHOR: advance
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let (_, slot) = self.first_slot()?;
        self.slots[slot].iter().map(|(key, _)| key.when).min()
    }

    /// Goes on to the tick `now`. What is due by then is moved to `fired`, in the order of the deadlines.
    pub(crate) fn advance(&mut self, now: u64, fired: &mut Vec<(Key, T)>) {
        while let Some((start, slot)) = self.first_slot() {
            if start > now {
                break;
            }
            // First the tick, then the timers: what is not due is put where it lies seen from there, on a lower level.
            self.elapsed = start;
            for (key, value) in mem::take(&mut self.slots[slot]) {
                if key.when <= start {
                    fired.push((key, value));
                } else {
                    self.slot(key.when).push((key, value));
                }
            }
        }
        self.elapsed = self.elapsed.max(now);
    }

    /// The slot that is reached next, and its first tick. All of a level comes before anything of the level above.
    fn first_slot(&self) -> Option<(u64, usize)> {
        for level in 0..LEVELS {
            for digit in digit(self.elapsed, level)..SLOTS as u64 {
                let slot = index(level, digit);
                if !self.slots[slot].is_empty() {
                    let shift = level * BITS;
                    let above = self.elapsed >> shift >> BITS;
                    return Some(((above << BITS | digit) << shift, slot));
                }
            }
        }
        None
    }
    // ANCHOR_END: advance

    fn slot(&mut self, when: u64) -> &mut Vec<(Key, T)> {
        let (level, digit) = self.place(when);
        &mut self.slots[index(level, digit)]
    }
}

fn digit(tick: u64, level: u32) -> u64 {
    tick >> (level * BITS) & (SLOTS as u64 - 1)
}

fn index(level: u32, digit: u64) -> usize {
    level as usize * SLOTS + digit as usize
}
