//! Where a thread's events lie: the newest of them, in slots of a fixed size. The thread that owns a ring writes; anybody may read
//! meanwhile, and neither waits for the other.
//!
//! ```text
//!             head - N                         head
//!   ─────────────┬──────────────────────────────┬──────────────
//!    overwritten │ can be read, but for the one │ not written yet       slot `i % N` holds the newest `i` of its kind
//!   ─────────────┴─ that is being overwritten ──┴──────────────
//! ```
//!
//! A reader copies words that may be overwritten under its hands, as in a seqlock (Boehm, "Can Seqlocks Get Along With
//! Programming Language Memory Models?", 2012), and asks afterwards how far the writer has come:
//!
//! * the writer moves `head`, then (a Release fence) writes the words of the next slot;
//! * the reader reads words, then (an Acquire fence) reads `head`.
//!
//! So whoever has read a word of write `k` finds `head` at `k` at least, and knows that what was in that slot before, number
//! `k - N`, is torn or gone.

use crate::primitive::{AtomicU64, Ordering, fence};

/// The words of a slot.
pub(crate) type Words = [u64; 4];

// BOOK: ch13
/// A ring of `N` slots, a power of two.
pub(crate) struct Ring {
    slots: Box<[[AtomicU64; 4]]>,
    /// How many were written, ever.
    head: AtomicU64,
}

/// What was in a ring.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The number of the first that is here.
    pub(crate) first: u64,
    pub(crate) slots: Vec<Words>,
}

impl Read {
    /// The number of the one after the last.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// Those from number `first` on, up to the one before number `end`.
    pub(crate) fn between(&self, first: u64, end: u64) -> &[Words] {
        let index = |number: u64| (number.clamp(self.first, self.next()) - self.first) as usize;
        &self.slots[index(first)..index(end)]
    }
}

impl Ring {
    /// A ring with room for `slots`, rounded up to a power of two.
    pub(crate) fn new(slots: usize) -> Self {
        let empty = || std::array::from_fn(|_| AtomicU64::new(0));
        Self {
            slots: (0..Self::room_of(slots)).map(|_| empty()).collect(),
            head: AtomicU64::new(0),
        }
    }

    /// Writes the next slot, by the one thread that may.
    #[inline]
    pub(crate) fn push(&self, words: Words) {
        // Relaxed: this thread wrote it.
        let head = self.head.load(Ordering::Relaxed);
        // Pairs with the fence in `read`: whoever sees a word that is written below sees `head` as it is now, or later.
        fence(Ordering::Release);
        for (place, word) in self.slot(head).iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
        // Release: pairs with the Acquire in `read`, for the words.
        self.head.store(head + 1, Ordering::Release);
    }

    /// For how many slots there is room.
    pub(crate) fn room(&self) -> usize {
        self.slots.len()
    }

    /// For how many there is in a ring that is made for `slots`.
    pub(crate) fn room_of(slots: usize) -> usize {
        slots.next_power_of_two()
    }

    /// The number of the first that can be there still.
    pub(crate) fn oldest(&self) -> u64 {
        self.head().saturating_sub(self.slots.len() as u64)
    }

    /// How many were written, ever.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// Copies what is there from number `from` on; less, if it was overwritten.
    pub(crate) fn read(&self, from: u64) -> Read {
        let room = self.slots.len() as u64;
        // Acquire: pairs with the Release in `push`: the words of all before it are there.
        let head = self.head.load(Ordering::Acquire);
        let first = from.max(head.saturating_sub(room)).min(head);
        let copy = |index| {
            let words = self.slot(index);
            std::array::from_fn(|word: usize| words[word].load(Ordering::Relaxed))
        };
        let mut slots: Vec<Words> = (first..head).map(copy).collect();
        // Pairs with the fence in `push`.
        fence(Ordering::Acquire);
        let head = self.head.load(Ordering::Relaxed);
        // The one that is `room` before `head` may be being overwritten.
        let whole = (head + 1).saturating_sub(room);
        let torn = whole.saturating_sub(first).min(slots.len() as u64);
        slots.drain(..torn as usize);
        Read {
            first: first + torn,
            slots,
        }
    }

    fn slot(&self, index: u64) -> &[AtomicU64; 4] {
        &self.slots[index as usize & (self.slots.len() - 1)]
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn ring(written: u64) -> Ring {
        let ring = Ring::new(4);
        (0..written).for_each(|number| ring.push([number; 4]));
        ring
    }

    fn numbers(read: &Read) -> Vec<u64> {
        read.slots.iter().map(|words| words[0]).collect()
    }

    #[test]
    fn what_was_written_is_read_in_order_and_the_oldest_is_overwritten() {
        assert!(numbers(&ring(0).read(0)).is_empty());
        assert_eq!(numbers(&ring(3).read(0)), [0, 1, 2]);
        // The slot that is next is given up: a reader cannot know that it is not being overwritten.
        assert_eq!(numbers(&ring(4).read(0)), [1, 2, 3]);
        let read = ring(9).read(0);
        assert_eq!((read.first, numbers(&read), read.next()), (6, vec![6, 7, 8], 9));
    }

    #[test]
    fn who_reads_on_gets_what_was_written_since() {
        let ring = ring(2);
        let read = ring.read(0);
        ring.push([2; 4]);
        assert_eq!(numbers(&ring.read(read.next())), [2]);
        assert!(numbers(&ring.read(3)).is_empty());
        assert_eq!(ring.head(), 3);
    }

    #[test]
    fn a_size_is_rounded_up_to_a_power_of_two() {
        let ring = Ring::new(5);
        (0..8).for_each(|number| ring.push([number; 4]));
        assert_eq!(numbers(&ring.read(0)).len(), 7);
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// The writer laps the reader.
    #[test]
    fn what_is_read_while_it_is_overwritten_is_whole_and_in_order() {
        loom::model(|| {
            let ring = Arc::new(Ring::new(2));
            ring.push([1; 4]);
            let writer = thread::spawn({
                let ring = ring.clone();
                move || (2..5).for_each(|number| ring.push([number; 4]))
            });
            let read = ring.read(0);
            for (number, words) in (read.first..).zip(&read.slots) {
                assert_eq!(*words, [number + 1; 4], "a torn slot was taken for a whole one");
            }
            writer.join().unwrap();
            assert_eq!(ring.read(0).slots, [[4; 4]]);
        });
    }
}
