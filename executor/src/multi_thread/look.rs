//! Whether a worker that ran dry looks around for a moment before it sleeps.
//!
//! To be unparked costs a worker far more than its system call: where the processor was halted, 20 to 60 µs go by before
//! it runs. So who was claimed for work right after it fell asleep had better have looked a little longer, and does so
//! next time; who looked in vain falls asleep at once again, until that happens anew. Operating systems do the same before they
//! halt a processor ("halt polling").

use std::thread;
use std::time::{Duration, Instant};

use crate::primitive::HAS_CLOCK;

/// What a worker knows of whether a look pays.
pub(super) struct Look {
    /// Whether there is a processor on which others run meanwhile.
    possible: bool,
    pays: bool,
    asleep_since: Option<Instant>,
}

/// How long a look takes at most, and how short a sleep was one that a look would have spared: somewhat more than it
/// takes to wake a processor that is halted.
pub(super) const LONGEST: Duration = Duration::from_micros(100);

/// Whether a look can pay on this machine. Asked once for each runtime: the system may have to read several files.
pub(super) fn is_possible() -> bool {
    HAS_CLOCK && thread::available_parallelism().is_ok_and(|count| count.get() > 1)
}

impl Look {
    /// `possible` is what [`is_possible`] found.
    pub(super) fn new(possible: bool) -> Self {
        Self {
            possible,
            pays: false,
            asleep_since: None,
        }
    }

    pub(super) fn pays(&self) -> bool {
        self.pays
    }

    pub(super) fn was_in_vain(&mut self) {
        self.pays = false;
    }

    pub(super) fn falls_asleep(&mut self, now: Instant) {
        self.asleep_since = Some(now);
    }

    /// It wakes up at `now`, and was claimed for work.
    pub(super) fn was_claimed(&mut self, now: Instant) {
        let slept = self.asleep_since.map(|since| now.duration_since(since));
        self.pays = self.possible && slept.is_some_and(|slept| slept <= LONGEST);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn look() -> Look {
        Look::new(true)
    }

    #[test]
    fn a_look_pays_after_a_short_sleep_that_work_ended_until_one_was_in_vain() {
        let (mut look, start) = (look(), Instant::now());
        assert!(!look.pays());
        look.falls_asleep(start);
        look.was_claimed(start + LONGEST);
        assert!(look.pays());
        look.was_in_vain();
        assert!(!look.pays());
    }

    #[test]
    fn a_long_sleep_makes_no_look_pay() {
        let (mut look, start) = (look(), Instant::now());
        look.falls_asleep(start);
        look.was_claimed(start + LONGEST * 2);
        assert!(!look.pays());
    }

    #[test]
    fn on_one_processor_no_look_pays() {
        let (mut look, start) = (Look::new(false), Instant::now());
        look.falls_asleep(start);
        look.was_claimed(start);
        assert!(!look.pays());
    }
}
