//! One ring of slots, and the arithmetic of which slot a tick belongs to.

use super::slab::{NONE, Slab};

/// Ticks are read as numbers of base 64; level `n` tells apart what differs in digit `n`.
const DIGIT_BITS: u32 = 6;
pub(super) const LEVELS: usize = 6;
/// Of two turns: of the one that the tick reached lies in, and of the next, to which entries move ahead of its time.
pub(super) const SLOTS: usize = 2 << DIGIT_BITS;

/// Where an entry is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Slot {
        level: u8,
        slot: u8,
    },
    /// Beyond what the levels can tell apart.
    Overflow,
}

impl Place {
    /// The place for `tick`, which is not before `elapsed`: its level is the highest digit in which the two differ.
    /// So all of a level's slots lie ahead within one turn of it, and none can be meant for two turns.
    pub(super) fn of(tick: u64, elapsed: u64) -> Self {
        debug_assert!(tick >= elapsed);
        let highest_bit = ((tick ^ elapsed) | 1).ilog2();
        let level = highest_bit / DIGIT_BITS;
        if level as usize >= LEVELS {
            return Self::Overflow;
        }
        Self::on(level, tick)
    }

    /// The place for `tick` on `level`, in whose turn it must lie, or in the next one.
    pub(super) fn on(level: u32, tick: u64) -> Self {
        let slot = (tick >> (level * DIGIT_BITS)) % SLOTS as u64;
        Self::Slot {
            level: level as u8,
            slot: slot as u8,
        }
    }
}

/// The first tick of `slot` of `level`, of which none that holds anything is behind `elapsed`.
pub(super) fn start_of(level: usize, slot: usize, elapsed: u64) -> u64 {
    let shift = level as u32 * DIGIT_BITS;
    let here = slot_number(level, elapsed);
    let ahead = (slot as u64).wrapping_sub(here) % SLOTS as u64;
    (here + ahead) << shift
}

/// The number of the slot of `level` that `tick` belongs to, counted from the beginning of time.
pub(super) fn slot_number(level: usize, tick: u64) -> u64 {
    tick >> (level as u32 * DIGIT_BITS)
}

/// How many ticks a slot of `level` is for.
pub(super) fn ticks_per_slot(level: usize) -> u64 {
    1 << (level as u32 * DIGIT_BITS)
}

#[derive(Clone)]
pub(super) struct Level {
    /// Bit `n` says that slot `n` is not empty.
    occupied: u128,
    slots: [List; SLOTS],
}

/// A list of entries, first come first out, linked by their indices.
#[derive(Clone, Copy)]
struct List {
    first: u32,
    last: u32,
    len: u32,
}

impl Level {
    pub(super) const EMPTY: Self = Self {
        occupied: 0,
        slots: [List {
            first: NONE,
            last: NONE,
            len: 0,
        }; SLOTS],
    };

    /// The first slot in the order of time that holds anything; `here` is the number of the slot that `elapsed` lies in,
    /// counted from the beginning of time. Slots behind that are always empty.
    pub(super) fn first_occupied(&self, here: u64) -> Option<usize> {
        let here = (here % SLOTS as u64) as u32;
        (self.occupied != 0).then(|| {
            let ahead = self.occupied.rotate_right(here).trailing_zeros();
            (here + ahead) as usize % SLOTS
        })
    }

    pub(super) fn first(&self, slot: usize) -> Option<u32> {
        Some(self.slots[slot].first).filter(|&first| first != NONE)
    }

    pub(super) fn len(&self, slot: usize) -> usize {
        self.slots[slot].len as usize
    }

    pub(super) fn push<T>(&mut self, slot: usize, index: u32, entries: &mut Slab<T>) {
        let list = &mut self.slots[slot];
        entries[index].previous = list.last;
        entries[index].next = NONE;
        if list.last == NONE {
            list.first = index;
            self.occupied |= 1 << slot;
        } else {
            entries[list.last].next = index;
        }
        list.last = index;
        list.len += 1;
    }

    pub(super) fn unlink<T>(&mut self, slot: usize, index: u32, entries: &mut Slab<T>) {
        let (previous, next) = (entries[index].previous, entries[index].next);
        let list = &mut self.slots[slot];
        list.len -= 1;
        if previous == NONE {
            list.first = next;
        } else {
            entries[previous].next = next;
        }
        if next == NONE {
            list.last = previous;
        } else {
            entries[next].previous = previous;
        }
        if list.first == NONE {
            self.occupied &= !(1 << slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_highest_digit_that_differs() {
        let slot = |level, slot| Place::Slot { level, slot };
        assert_eq!(Place::of(0, 0), slot(0, 0));
        assert_eq!(Place::of(63, 0), slot(0, 63));
        assert_eq!(Place::of(64, 0), slot(1, 1));
        assert_eq!(Place::of(64 * 64 * 3, 64 * 64 * 3), slot(0, 0));
        assert_eq!(Place::of(64 * 3, 64 * 3), slot(0, 64), "the second turn of two");
        assert_eq!(
            Place::of(64, 63),
            slot(1, 1),
            "one tick ahead, but in the next turn"
        );
        assert_eq!(Place::of((1 << 36) - 1, 0), slot(5, 63));
        assert_eq!(Place::of(1 << 36, 0), Place::Overflow);
        assert_eq!(Place::of(1 << 36, (1 << 36) - 1), Place::Overflow);
        assert_eq!(Place::of(u64::MAX, u64::MAX), slot(0, 127));
    }

    #[test]
    fn a_slots_first_tick_is_placed_in_it() {
        let elapsed = 0x1234_5678_9abc_def0;
        for level in 0..LEVELS {
            let here = (elapsed >> (level as u32 * DIGIT_BITS)) as usize;
            let turn = here % 64;
            for slot in (1..64 - turn).map(|ahead| (here + ahead) % SLOTS) {
                let start = start_of(level, slot, elapsed);
                let expected = Place::Slot {
                    level: level as u8,
                    slot: slot as u8,
                };
                assert_eq!(Place::of(start, elapsed), expected);
                assert_eq!(Place::of(start + ticks_per_slot(level) - 1, elapsed), expected);
            }
            // Those of the next turn are reached only by moving ahead.
            for slot in (64 - turn..SLOTS - turn).map(|ahead| (here + ahead) % SLOTS) {
                let start = start_of(level, slot, elapsed);
                let Place::Slot { slot: found, .. } = Place::on(level as u32, start) else {
                    panic!("it is on the level");
                };
                assert_eq!(usize::from(found), slot);
                assert!(start > elapsed && Place::of(start, elapsed) != Place::on(level as u32, start));
            }
        }
    }
}
