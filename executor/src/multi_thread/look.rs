//! Whether a worker that ran dry looks around for a moment before it sleeps.
//!
//! To be unparked costs a worker far more than its system call: where the processor was halted, 20 to 60 µs go by before
//! it runs. So who was claimed for work right after it fell asleep had better have looked a little longer, and does so
//! next time. Who looked in vain falls asleep at once again, and with each time in a row it takes twice as many short sleeps
//! until it looks anew: where work comes often, but not at once, looks would only burn. Operating systems do the same before
//! they halt a processor ("halt polling").

use std::thread;
use std::time::{Duration, Instant};

use crate::primitive::HAS_CLOCK;

/// What a worker knows of whether a look pays.
pub(super) struct Look {
    /// Whether there is a processor on which others run meanwhile.
    possible: bool,
    pays: bool,
    asleep_since: Option<Instant>,
    /// How often it looked in vain since it last found something; not counted further than [`MOST_IN_VAIN`].
    in_vain: u32,
    /// How many short sleeps more are to go by before it looks.
    short_sleeps: u32,
}

/// How long a look takes at most: as much as it takes to fall asleep and to be woken, in processor time.
pub(super) const LONGEST: Duration = Duration::from_micros(20);

/// How short a sleep was one that a look might have spared: with the time that it takes to wake a processor that is halted.
const SHORT_SLEEP: Duration = Duration::from_micros(100);

/// So many looks in vain in a row count; then one in 64 short sleeps is spared at best.
const MOST_IN_VAIN: u32 = 6;

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
            in_vain: 0,
            short_sleeps: 0,
        }
    }

    pub(super) fn pays(&self) -> bool {
        self.pays
    }

    pub(super) fn was_in_vain(&mut self) {
        self.pays = false;
        self.in_vain = (self.in_vain + 1).min(MOST_IN_VAIN);
        self.short_sleeps = (1 << self.in_vain) - 1;
    }

    pub(super) fn has_found_something(&mut self) {
        self.in_vain = 0;
    }

    pub(super) fn falls_asleep(&mut self, now: Instant) {
        self.asleep_since = Some(now);
    }

    /// It wakes up at `now`, and was claimed for work.
    pub(super) fn was_claimed(&mut self, now: Instant) {
        let slept = self.asleep_since.map(|since| now.duration_since(since));
        let was_short = slept.is_some_and(|slept| slept <= SHORT_SLEEP);
        self.pays = self.possible && was_short && self.short_sleeps == 0;
        if was_short {
            self.short_sleeps = self.short_sleeps.saturating_sub(1);
        }
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
        look.was_claimed(start + SHORT_SLEEP);
        assert!(look.pays());
        look.was_in_vain();
        assert!(!look.pays());
    }

    #[test]
    fn with_each_look_in_vain_it_takes_more_short_sleeps_until_the_next() {
        let (mut look, start) = (look(), Instant::now());
        let sleeps_until_it_pays = |look: &mut Look| {
            for sleeps in 1.. {
                look.falls_asleep(start);
                look.was_claimed(start);
                if look.pays() {
                    return sleeps;
                }
            }
            unreachable!()
        };
        for expected in [1, 2, 4, 8, 16, 32, 64, 64] {
            assert_eq!(sleeps_until_it_pays(&mut look), expected);
            look.was_in_vain();
        }
        assert_eq!(sleeps_until_it_pays(&mut look), 64);
        look.has_found_something();
        look.was_in_vain();
        assert_eq!(sleeps_until_it_pays(&mut look), 2);
    }

    #[test]
    fn a_long_sleep_makes_no_look_pay() {
        let (mut look, start) = (look(), Instant::now());
        look.falls_asleep(start);
        look.was_claimed(start + SHORT_SLEEP * 2);
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
