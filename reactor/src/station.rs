//! Where a thread waits: which reactor it has, and which others stand in for that one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Names a reactor, for as long as the process lives, or the fallback.
///
/// ```text
///   group 48 | member 16
/// ```
///
/// The reactors of one group are all driven as long as anybody waits by way of one of them: they are one runtime's. So a
/// socket needs only one of them. Of reactors of different groups nobody knows whether they are driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Station(u64);

impl Station {
    /// That of threads that have no reactor; and the only one where sockets cannot move.
    pub(crate) const FALLBACK: Self = Self(0);

    /// That of threads whose reactor is another process's; alone in its group.
    pub(crate) const NOWHERE: Self = Self(u64::MAX);

    /// Stations for `count` reactors of one group. (More than its 65,536 members make a second one.)
    pub(crate) fn group_of(count: usize) -> impl Iterator<Item = Self> {
        // A `usize` has no more than 64 bits on any system.
        let count = count as u64;
        // Relaxed, as in `alone`.
        let first = NEXT.fetch_add(count.next_multiple_of(MEMBERS), Ordering::Relaxed);
        (first..first + count).map(Self)
    }

    /// The station of a reactor that is a group of its own.
    pub(crate) fn alone() -> Self {
        // Relaxed: only that no two are the same.
        Self(NEXT.fetch_add(MEMBERS, Ordering::Relaxed))
    }

    /// Whether the reactors of both are in one group, or the same.
    pub(crate) fn is_with(self, other: Self) -> bool {
        self.0 / MEMBERS == other.0 / MEMBERS
    }

    /// Which of its group it is.
    pub(crate) fn member(self) -> u16 {
        (self.0 % MEMBERS) as u16
    }

    pub(crate) fn pack(self) -> u64 {
        self.0
    }

    /// The inverse of [`pack`](Self::pack).
    pub(crate) fn unpack(packed: u64) -> Self {
        Self(packed)
    }
}

const MEMBERS: u64 = 1 << 16;

// The first group is the fallback's. Std's own atomic also under a model checker: no model runs this, and theirs cannot
// be statics.
static NEXT: AtomicU64 = AtomicU64::new(MEMBERS);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn stations_of_one_call_are_one_group_and_differ() {
        let mut one = Station::group_of(2);
        let [first, second] = [one.next().unwrap(), one.next().unwrap()];
        assert!(first != second && first.is_with(second));
        assert!(one.next().is_none());
        for other in [Station::alone(), Station::alone(), Station::FALLBACK] {
            assert!(!first.is_with(other));
        }
    }

    #[test]
    fn a_group_larger_than_its_bits_does_not_reach_into_the_next() {
        let last = Station::group_of(65_537).last().unwrap();
        let next = Station::alone();
        assert!(!last.is_with(next));
    }
}
