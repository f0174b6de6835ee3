//! What is known of one direction of a socket, in one atomic word.
//!
//! ```text
//!   63                                     8 7    6    5         4        3       2      1      0
//!  ┌───────────────────────────────────────┬──────┬─────────┬─────────┬────────┬───────┬────────┬───────┐
//!  │ generation: how many events there were│unused│ AWAITED │ BLOCKED │PRESUMED│ ERROR │ CLOSED │ READY │
//!  └───────────────────────────────────────┴──────┴─────────┴─────────┴────────┴───────┴────────┴───────┘
//! ```
//!
//! Whoever tries an operation loads the word first ([`Readiness::snapshot`]) and, should the operation meet
//! `WouldBlock`, hands the very same word to [`Readiness::clear`], which compares and exchanges. An event that came
//! in between has changed the generation, so that the exchange fails and the event is not lost, however many there
//! were: 56 bits do not wrap in a socket's life. A direction has a word of its own, so that events of the other one
//! cannot make the exchange fail.
//!
//! AWAITED says that a waker may be kept for this direction, so that an event that nobody waits for takes no lock:
//!
//! ```text
//!   who waits:  keep the waker (under the lock) ─▶ set AWAITED, and look at the rest of the word
//!   an event:   set the flags, take AWAITED out ─▶ if it was there: take the wakers (under the lock)
//! ```
//!
//! Both are read-modify-writes of one word, so one comes first. If it is the event's, who waits sees its flags and does not
//! sleep. If it is the waiter's, the event sees AWAITED, and the waker that was kept before. As long as AWAITED is not there,
//! what is kept is about to be taken by whoever took it out.

use std::ops::BitOr;

use crate::interest::{Direction, Ready};
use crate::primitive::{AtomicU64, Ordering};

/// The readiness of one direction.
#[derive(Debug)]
pub(crate) struct Readiness(AtomicU64);

impl Readiness {
    /// No event yet. `presume_ready`: the first operation shall be tried without having been told to.
    pub(crate) fn new(presume_ready: bool) -> Self {
        let flags = if presume_ready {
            Flags::PRESUMED
        } else {
            Flags::NONE
        };
        Self(AtomicU64::new(flags.0))
    }

    /// The word as it is now.
    #[inline]
    pub(crate) fn snapshot(&self) -> Snapshot {
        // Acquire pairs with the Release in `set`: whoever sees an event's flag also sees what the one who
        // delivered it had seen; and the operation that follows cannot move before this load.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// An event says `flags`: they are set, and the generation moves on. True if somebody may wait: then the wakers of this
    /// direction are to be taken.
    #[must_use = "who waits is to be woken"]
    pub(crate) fn set(&self, flags: Flags) -> bool {
        let gone = Flags::BLOCKED | Flags::AWAITED;
        // Release pairs with the Acquire in `snapshot` and `await_news`, Acquire with the Release in `await_news`: the waker was
        // kept before. Relaxed reads suffice: the word alone is computed with.
        let before = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
            Some(((word | flags.0) & !gone.0).wrapping_add(ONE_GENERATION))
        });
        before.is_ok_and(|word| Snapshot(word).has(Flags::AWAITED))
    }

    /// Somebody has kept a waker, and sleeps if the word that this returns says nothing to the contrary.
    pub(crate) fn await_news(&self) -> Snapshot {
        // Release and Acquire pair with those in `set`, whichever of the two comes first.
        Snapshot(self.0.fetch_or(Flags::AWAITED.0, Ordering::AcqRel))
    }

    /// Whether no event has come since the last [`await_news`](Self::await_news).
    pub(crate) fn is_awaited(&self) -> bool {
        // Relaxed: whoever asks has set it himself, and reads that or what an event has made of it since.
        Snapshot(self.0.load(Ordering::Relaxed)).has(Flags::AWAITED)
    }

    // BOOK: ch07
    /// An operation that was tried because of `seen` met `WouldBlock`: clears all of it but CLOSED, which is for
    /// good. CLOSED is marked instead as no reason to try again before the next event, or one would spin.
    ///
    /// Does nothing if the word has changed since: an event came, or another waiter has cleared already.
    pub(crate) fn clear(&self, seen: Snapshot) {
        let closed = seen.0 & Flags::CLOSED.0;
        let blocked = if closed == 0 { Flags::NONE } else { Flags::BLOCKED };
        self.exchange(seen, seen.generation() | closed | blocked.0);
    }

    /// A stream moved less than was asked for because of `seen`: it is not ready now. Whether it is closed or has
    /// an error is still to be found out, by an operation that moves nothing.
    pub(crate) fn clear_ready(&self, seen: Snapshot) {
        self.exchange(seen, seen.0 & !(Flags::READY | Flags::PRESUMED).0);
    }

    /// Whether somebody waits is no part of what was seen: it stays as it is.
    fn exchange(&self, seen: Snapshot, new: u64) {
        let awaited = Flags::AWAITED.0;
        // Relaxed: clearing publishes nothing, and its own place in the word's modification order decides: an event
        // before it makes it fail, one after it sets the flags again.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            ((word ^ seen.0) & !awaited == 0).then_some(new & !awaited | word & awaited)
        });
    }

    /// For tests: as if there had been `generation` events.
    pub(crate) fn preset_generation(&self, generation: u64) {
        let flags = self.snapshot().0 & ALL_FLAGS;
        self.0
            .store(flags | (generation << ALL_FLAGS.count_ones()), Ordering::Release);
    }
}

/// A word that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(u64);

impl Snapshot {
    /// Whether an operation is worth a system call.
    #[inline]
    pub(crate) fn is_worth_trying(self) -> bool {
        self.has(Flags::READY | Flags::ERROR | Flags::PRESUMED) || self.is_closed_anew()
    }

    /// Whether an event said so, and no operation has refuted it since.
    #[inline]
    pub(crate) fn is_reported(self) -> bool {
        self.has(Flags::READY | Flags::ERROR) || self.is_closed_anew()
    }

    /// Whether it is closed, and no operation has met `WouldBlock` since an event said so.
    fn is_closed_anew(self) -> bool {
        self.0 & (Flags::CLOSED | Flags::BLOCKED).0 == Flags::CLOSED.0
    }

    /// Whether an event said that this direction is closed.
    pub(crate) fn is_closed(self) -> bool {
        self.has(Flags::CLOSED)
    }

    /// What was reported, in the public form.
    pub(crate) fn ready(self, direction: Direction) -> Ready {
        let (ready, closed) = match direction {
            Direction::Read => (Ready::READABLE, Ready::READ_CLOSED),
            Direction::Write => (Ready::WRITABLE, Ready::WRITE_CLOSED),
        };
        [
            (Flags::READY, ready),
            (Flags::CLOSED, closed),
            (Flags::ERROR, Ready::ERROR),
        ]
        .into_iter()
        .filter(|(flag, _)| self.has(*flag))
        .fold(Ready::EMPTY, |all, (_, ready)| all | ready)
    }

    fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 != 0
    }

    fn generation(self) -> u64 {
        self.0 & !ALL_FLAGS
    }
}

/// The low eight bits of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u64);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    /// An event said that an operation will not block.
    pub(crate) const READY: Self = Self(1);
    /// An event said that this direction is closed. Never cleared.
    pub(crate) const CLOSED: Self = Self(1 << 1);
    /// An event said that there is an error.
    pub(crate) const ERROR: Self = Self(1 << 2);
    /// Nobody said anything, but an operation shall be tried: most sockets can be written to at once, and many have
    /// something to read.
    const PRESUMED: Self = Self(1 << 3);
    /// An operation met `WouldBlock` although CLOSED is set, and there was no event since.
    const BLOCKED: Self = Self(1 << 4);
    /// A waker may be kept.
    const AWAITED: Self = Self(1 << 5);

    /// What `ready` says of `direction`.
    pub(crate) fn of(ready: Ready, direction: Direction) -> Self {
        let (readable, closed) = match direction {
            Direction::Read => (Ready::READABLE, Ready::READ_CLOSED),
            Direction::Write => (Ready::WRITABLE, Ready::WRITE_CLOSED),
        };
        Self::READY.if_it(ready.intersects(readable))
            | Self::CLOSED.if_it(ready.intersects(closed))
            | Self::ERROR.if_it(ready.intersects(Ready::ERROR))
    }

    fn if_it(self, is_so: bool) -> Self {
        Self(self.0 * u64::from(is_so))
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const ALL_FLAGS: u64 = 0xff;
const ONE_GENERATION: u64 = ALL_FLAGS + 1;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn after(said: Ready, clear: fn(&Readiness, Snapshot)) -> Snapshot {
        let readiness = Readiness::new(true);
        let _ = readiness.set(Flags::of(said, Direction::Read));
        clear(&readiness, readiness.snapshot());
        readiness.snapshot()
    }

    fn all() -> Ready {
        Ready::READABLE | Ready::READ_CLOSED | Ready::ERROR
    }

    #[test]
    fn a_short_transfer_clears_neither_closed_nor_error() {
        let seen = after(all(), Readiness::clear_ready);
        assert_eq!(seen.ready(Direction::Read), Ready::READ_CLOSED | Ready::ERROR);
        assert!(seen.is_worth_trying() && seen.is_reported());
        assert!(!after(Ready::READABLE, Readiness::clear_ready).is_worth_trying());
    }

    #[test]
    fn would_block_clears_all_but_closed_and_then_closed_is_no_reason_to_try_again() {
        let seen = after(all(), Readiness::clear);
        assert_eq!(seen.ready(Direction::Read), Ready::READ_CLOSED);
        assert!(!seen.is_worth_trying() && !seen.is_reported());
    }

    #[test]
    fn after_would_block_the_next_event_makes_closed_a_reason_again() {
        let readiness = Readiness::new(false);
        let _ = readiness.set(Flags::CLOSED);
        readiness.clear(readiness.snapshot());
        let _ = readiness.set(Flags::READY);
        readiness.clear_ready(readiness.snapshot());
        assert!(readiness.snapshot().is_worth_trying());
    }

    #[test]
    fn each_flag_is_a_bit_and_only_none_is_empty() {
        assert!(Flags::NONE.is_empty());
        let flags = [
            Flags::READY,
            Flags::CLOSED,
            Flags::ERROR,
            Flags::PRESUMED,
            Flags::BLOCKED,
            Flags::AWAITED,
        ];
        for (bit, flag) in flags.into_iter().enumerate() {
            assert_eq!(flag, Flags(1 << bit));
            assert!(!flag.is_empty());
        }
    }

    #[test]
    fn what_two_events_say_is_kept() {
        let readiness = Readiness::new(false);
        let _ = readiness.set(Flags::READY | Flags::CLOSED);
        let _ = readiness.set(Flags::READY | Flags::CLOSED);
        assert!(readiness.snapshot().is_reported() && readiness.snapshot().is_closed());
        let ready = readiness.snapshot().ready(Direction::Read);
        assert_eq!(ready, Ready::READABLE | Ready::READ_CLOSED);
    }

    #[test]
    fn flags_that_are_said_twice_are_said() {
        assert_eq!(Flags::READY | Flags::READY, Flags::READY);
        assert_eq!(
            (Flags::READY | Flags::ERROR) | Flags::ERROR,
            Flags::READY | Flags::ERROR
        );
    }

    #[test]
    fn closed_is_seen_from_the_event_on_and_stays() {
        let readiness = Readiness::new(true);
        let _ = readiness.set(Flags::READY | Flags::ERROR);
        assert!(!readiness.snapshot().is_closed());
        let _ = readiness.set(Flags::CLOSED);
        readiness.clear(readiness.snapshot());
        assert!(readiness.snapshot().is_closed());
    }

    #[test]
    fn a_preset_generation_leaves_the_flags_and_is_counted_on_from() {
        for events in [0, 1, 2, 1 << 40] {
            let readiness = Readiness::new(true);
            let _ = readiness.set(Flags::READY | Flags::CLOSED);
            let before = readiness.snapshot().0;
            readiness.preset_generation(events);
            assert_eq!(readiness.snapshot().0 & ALL_FLAGS, before & ALL_FLAGS);
            assert_eq!(readiness.snapshot().generation(), events * ONE_GENERATION);
        }
    }

    #[test]
    fn an_event_tells_whether_somebody_awaits_it_and_is_awaited_no_more() {
        let readiness = Readiness::new(false);
        assert!(!readiness.set(Flags::READY) && !readiness.is_awaited());
        assert!(readiness.await_news().is_reported(), "the event came first");
        assert!(readiness.is_awaited());
        assert!(readiness.set(Flags::READY) && !readiness.is_awaited());
        assert!(!readiness.set(Flags::READY));
    }

    #[test]
    fn who_begins_to_wait_keeps_nobody_from_clearing_and_is_not_cleared() {
        for clear in [Readiness::clear, Readiness::clear_ready] {
            let readiness = Readiness::new(true);
            let before = readiness.snapshot();
            let _ = readiness.await_news();
            clear(&readiness, before);
            assert!(!readiness.snapshot().is_worth_trying() && readiness.is_awaited());
            let _ = readiness.set(Flags::READY);
            let _ = readiness.await_news();
            let before = readiness.snapshot();
            let _ = readiness.set(Flags::READY);
            clear(&readiness, before);
            assert!(readiness.snapshot().is_reported() && !readiness.is_awaited());
        }
    }

    #[test]
    fn what_came_after_the_look_is_not_cleared() {
        for clear in [Readiness::clear, Readiness::clear_ready] {
            let readiness = Readiness::new(true);
            let seen = readiness.snapshot();
            let _ = readiness.set(Flags::READY);
            clear(&readiness, seen);
            assert!(readiness.snapshot().is_reported());
        }
    }
}
