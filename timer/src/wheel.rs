//! The timer wheel: a pure data structure that sorts deadlines just as much as is needed. It knows no clock, takes
//! no lock and calls nobody.
//!
//! After Varghese and Lauck, *Hashed and Hierarchical Timing Wheels* (1987), scheme 7, in the variant without
//! wrap-around within a level: a tick is read as a number of base 64, and an entry lies on the level of the
//! **highest digit in which its deadline differs from the tick reached** ([`elapsed`](Wheel::elapsed)), in the slot
//! of that digit. Inserting and cancelling are a few stores. When the first tick of a slot is reached, its entries
//! fire (level 0) or move down to the levels below. Six levels tell 2^36 ticks apart; what differs in a higher digit
//! is in a sorted set of its own, the overflow, and fires from there: no slot ever holds deadlines of two turns.
//!
//! ```text
//!             digit  5       4       3       2       1       0
//! elapsed            .       .       .       7       9      12
//! deadline           .       .       .       7      40      33      level 1, slot 40
//! ```
//!
//! **Moving ahead.** A slot with very many entries would hold up what is due when its time comes. So the slot that is next on
//! its level is emptied before that, sixteen entries a tick: each level has the slots of two turns, and those of the next one
//! take what comes early. Who drives the wheel is asked to look in for that only if there are more than 256.
//!
//! **Invariant.** Slots whose last tick is before `elapsed` are empty, and so is the slot that `elapsed` lies in,
//! except on level 0, or while [`advance`](Wheel::advance) has been cut short by its limit: then `elapsed` is the
//! first tick of that slot, and the rest of the slot comes before anything else.

mod level;
mod slab;

use std::collections::BTreeSet;
use std::fmt;

use level::{LEVELS, Level, Place, slot_number, start_of, ticks_per_slot};
use slab::Slab;

/// How fast entries move ahead of their time: so many may be left of the next slot for each tick before it begins.
const ENTRIES_PER_TICK: u64 = 16;

/// So many entries may move all at once: nobody has to look in for them.
const A_PIECE: usize = 256;

/// Deadlines, in ticks of whatever length, each with a value that is given back when it is reached.
///
/// # Examples
///
/// ```
/// use reveille_timer::wheel::Wheel;
///
/// let mut wheel = Wheel::new(0);
/// wheel.insert(300, "late");
/// let cancelled = wheel.insert(200, "cancelled");
/// wheel.insert(10, "early");
/// assert_eq!(wheel.next_deadline(), Some(10));
/// assert_eq!(wheel.remove(cancelled), Some("cancelled"));
///
/// let mut expired = Vec::new();
/// let more_is_due = wheel.advance(1000, usize::MAX, &mut expired);
/// assert_eq!(expired, ["early", "late"]);
/// assert!(!more_is_due && wheel.is_empty());
/// ```
#[derive(Clone)]
// What every operation touches lies together at the front: two cache lines that go from thread to thread, not four.
#[repr(C)]
pub struct Wheel<T> {
    elapsed: u64,
    entries: Slab<T>,
    /// What lies beyond the levels: deadline and index. Its entries stay here also when their turn has come.
    overflow: BTreeSet<(u64, u32)>,
    levels: [Level; LEVELS],
}

/// Names an entry of a [`Wheel`]; once the entry has fired or was removed, it names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// As a number other than zero.
    pub(crate) fn pack(self) -> u64 {
        (u64::from(self.index) + 1) << 32 | u64::from(self.generation)
    }

    /// The inverse of [`pack`](Self::pack); `None` for zero.
    pub(crate) fn unpack(packed: u64) -> Option<Self> {
        let index = (packed >> 32).checked_sub(1)?;
        Some(Self {
            index: index as u32,
            generation: packed as u32,
        })
    }
}

impl<T> Wheel<T> {
    /// An empty wheel that has reached the tick `elapsed`.
    pub const fn new(elapsed: u64) -> Self {
        Self {
            elapsed,
            levels: [Level::EMPTY; LEVELS],
            overflow: BTreeSet::new(),
            entries: Slab::new(),
        }
    }

    /// The tick that has been reached.
    pub fn elapsed(&self) -> u64 {
        self.elapsed
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets `value` wait for the tick `when`. A tick that has been reached already comes due at the next
    /// [`advance`](Self::advance).
    pub fn insert(&mut self, when: u64, value: T) -> Key {
        let index = self.entries.insert(when, value);
        self.link(index);
        self.entries.key(index)
    }

    /// Takes an entry out, unless it is gone.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let index = self.entries.find(key)?;
        self.unlink(index);
        Some(self.entries.remove(index))
    }

    /// The value of an entry, unless it is gone.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let index = self.entries.find(key)?;
        self.entries.value_mut(index)
    }

    /// On which level an entry lies, and in which slot, for people; `None` for what lies beyond the levels.
    pub(crate) fn place(&self, key: Key) -> Option<(u8, u8)> {
        match self.entries[self.entries.find(key)?].place {
            Place::Slot { level, slot } => Some((level, slot)),
            Place::Overflow => None,
        }
    }

    /// Gives an entry another deadline. False if the entry is gone.
    ///
    /// To one that is not before the entry's slot this is a store, so to every later one: the entry moves when its old slot
    /// is reached.
    pub fn reset(&mut self, key: Key, when: u64) -> bool {
        let Some(index) = self.entries.find(key) else {
            return false;
        };
        let entry = &mut self.entries[index];
        let stays = match entry.place {
            Place::Slot { level, slot } => when >= start_of(level.into(), slot.into(), self.elapsed),
            Place::Overflow => false,
        };
        if stays {
            entry.when = when;
        } else {
            self.unlink(index);
            self.entries[index].when = when;
            self.link(index);
        }
        true
    }

    /// The tick at which [`advance`](Self::advance) should be called next: never later than the earliest deadline
    /// (or, if that has been reached already, than [`elapsed`](Self::elapsed)).
    ///
    /// It may be earlier: an entry that shares its slot on a higher level costs one call when the slot's first tick
    /// is reached, so at most five in its life; one that is alone in its slot costs none, and a slot of thousands some before that.
    /// After a [`reset`](Self::reset) to later, there is one more for the slot it was in.
    pub fn next_deadline(&self) -> Option<u64> {
        let overflow = self.overflow.first().map(|&(when, _)| when);
        let levels = (0..LEVELS).filter_map(|level| self.earliest_on(level));
        levels.chain(overflow).min()
    }

    // BOOK: ch06
    /// Goes on to the tick `now` and moves the values whose deadlines are reached to `expired`, in the order of
    /// their deadlines (those inserted or reset when already due count as due when that was done).
    ///
    /// At most `limit` entries are fired or moved between slots; what is left of it goes to slots whose time is to come. True means that the limit has struck and more is
    /// due: the wheel stands at an earlier tick than `now` then, and nothing is skipped.
    pub fn advance(&mut self, now: u64, limit: usize, expired: &mut Vec<T>) -> bool {
        self.advance_with(now, limit, &mut |_, value| expired.push(value))
    }

    /// As [`advance`](Self::advance); each value is handed to `fire`, with the key that its entry had.
    pub(crate) fn advance_with(&mut self, now: u64, limit: usize, fire: &mut impl FnMut(Key, T)) -> bool {
        let now = now.max(self.elapsed);
        let mut left = limit;
        while let Some((start, place)) = self.next_place() {
            if start > now {
                break;
            }
            if left == 0 {
                return true;
            }
            // First the tick, then the entries: they are placed anew relative to it, and if the limit strikes, the
            // rest of them stay in the slot of the tick reached, which comes first at the next call.
            self.elapsed = start;
            match place {
                Place::Slot { level, slot } => {
                    left = self.empty_slot(level.into(), slot.into(), left, fire);
                }
                Place::Overflow => {
                    let (_, index) = self.overflow.pop_first().expect("the first place is its first");
                    fire(self.entries.key(index), self.entries.remove(index));
                    left -= 1;
                }
            }
        }
        self.elapsed = now;
        self.move_ahead(left);
        false
    }

    /// Everything that waits and its deadline, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.entries.iter()
    }

    /// Takes everything out, in no particular order.
    pub fn drain(&mut self) -> Vec<T> {
        self.levels = [Level::EMPTY; LEVELS];
        self.overflow.clear();
        self.entries.drain()
    }

    /// Fires what is due in a slot, and places the rest anew. Returns what is left of the limit.
    fn empty_slot(
        &mut self,
        level: usize,
        slot: usize,
        mut left: usize,
        fire: &mut impl FnMut(Key, T),
    ) -> usize {
        while left > 0 {
            let Some(index) = self.levels[level].first(slot) else {
                break;
            };
            self.levels[level].unlink(slot, index, &mut self.entries);
            if self.entries[index].when <= self.elapsed {
                fire(self.entries.key(index), self.entries.remove(index));
            } else {
                self.link(index);
            }
            left -= 1;
        }
        left
    }

    /// Empties the slots that are next on their levels, ahead of their time, as far as the pace demands.
    fn move_ahead(&mut self, mut left: usize) {
        for level in 1..LEVELS {
            let Some(slot) = self.levels[level].first_occupied(slot_number(level, self.elapsed)) else {
                continue;
            };
            let start = start_of(level, slot, self.elapsed);
            // On the level below there is room for this slot and the next, and for none behind them.
            if start.saturating_sub(self.elapsed) > ticks_per_slot(level) {
                continue;
            }
            let may_wait = (start - self.elapsed).saturating_mul(ENTRIES_PER_TICK);
            let len = self.levels[level].len(slot);
            if (len as u64) < may_wait {
                continue;
            }
            // Somewhat more, so that nobody has to look in again a tick later.
            let moves = len.min(len + A_PIECE - may_wait as usize).min(left);
            left -= moves;
            for _ in 0..moves {
                self.move_first_ahead(level, slot, start);
            }
        }
    }

    fn move_first_ahead(&mut self, level: usize, slot: usize, start: u64) {
        let index = self.levels[level].first(slot).expect("it was counted");
        self.levels[level].unlink(slot, index, &mut self.entries);
        let when = self.entries[index].when;
        // After a reset its deadline may lie behind the slot.
        let place = if when - start < ticks_per_slot(level) {
            Place::on(level as u32 - 1, when)
        } else {
            Place::of(when, self.elapsed)
        };
        self.link_to(place, index);
    }

    /// The place to be looked at next, and its first tick. Where two begin at the same tick, the higher level comes
    /// first: it may hold entries for that very tick.
    fn next_place(&self) -> Option<(u64, Place)> {
        let mut first = self.overflow.first().map(|&(when, _)| (when, Place::Overflow));
        for (level, ring) in self.levels.iter().enumerate().rev() {
            let Some(slot) = ring.first_occupied(slot_number(level, self.elapsed)) else {
                continue;
            };
            let start = start_of(level, slot, self.elapsed);
            if first.is_none_or(|(earliest, _)| start < earliest) {
                let (level, slot) = (level as u8, slot as u8);
                first = Some((start, Place::Slot { level, slot }));
            }
        }
        first
    }

    /// A tick that is not later than any deadline on the level, as late as one can say without walking a list.
    fn earliest_on(&self, level: usize) -> Option<u64> {
        let slot = self.levels[level].first_occupied(slot_number(level, self.elapsed))?;
        let start = start_of(level, slot, self.elapsed);
        match self.levels[level].len(slot) {
            // After a reset its deadline may lie behind the slots that follow.
            1 => {
                let end = start.saturating_add(ticks_per_slot(level));
                let first = self.levels[level].first(slot)?;
                Some(self.entries[first].when.clamp(start, end))
            }
            len if level > 0 && len > A_PIECE => {
                let time = (len as u64 / ENTRIES_PER_TICK).min(ticks_per_slot(level));
                Some(start.saturating_sub(time).max(self.elapsed))
            }
            _ => Some(start),
        }
    }

    fn link(&mut self, index: u32) {
        let when = self.entries[index].when;
        self.link_to(Place::of(when.max(self.elapsed), self.elapsed), index);
    }

    fn link_to(&mut self, place: Place, index: u32) {
        self.entries[index].place = place;
        match place {
            Place::Slot { level, slot } => {
                self.levels[usize::from(level)].push(slot.into(), index, &mut self.entries);
            }
            Place::Overflow => {
                self.overflow.insert((self.entries[index].when, index));
            }
        }
    }

    fn unlink(&mut self, index: u32) {
        match self.entries[index].place {
            Place::Slot { level, slot } => {
                self.levels[usize::from(level)].unlink(slot.into(), index, &mut self.entries);
            }
            Place::Overflow => {
                self.overflow.remove(&(self.entries[index].when, index));
            }
        }
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("elapsed", &self.elapsed)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
