//! Whether a wait begins with a while of looking: to fall asleep and to be woken takes longer than many an answer.
//!
//! ```text
//!                   so many waits in a row ended soon
//!   ┌─────────┐ ────────────────────────────────────────────▶ ┌───────┐
//!   │ sleeps  │                                               │ looks │
//!   └─────────┘ ◀──────────────────────────────────────────── └───────┘
//!                   four looks in a row were in vain
//! ```
//!
//! How many waits it takes doubles each time that looking was given up, and is four again once a look has found something. So
//! where it pays it is soon there, and where the events come a little too late for it there are at most four looks in a thousand
//! waits.

use std::time::Duration;

/// When to look, and how long. It has no clock: it is told how long waits took.
#[derive(Debug)]
pub(crate) struct Look {
    longest: Duration,
    looks: bool,
    /// Waits in a row that ended soon, while it does not look; looks in a row that were in vain, while it does.
    streak: u32,
    /// How long a streak makes it look.
    needed: u32,
}

impl Look {
    /// Looks for `longest` at most, once it has seen that this would have been worth it.
    pub(crate) fn new(longest: Duration) -> Self {
        Self {
            longest,
            looks: false,
            streak: 0,
            needed: FEWEST,
        }
    }

    /// How long the wait that begins now shall look first.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.looks.then_some(self.longest)
    }

    /// A look has found something.
    pub(crate) fn found(&mut self) {
        self.streak = 0;
        self.needed = FEWEST;
    }

    /// A look has found nothing.
    pub(crate) fn found_nothing(&mut self) {
        self.streak += 1;
        if self.streak == IN_VAIN {
            self.looks = false;
            self.streak = 0;
            self.needed = MOST.min(self.needed * 2);
        }
    }

    /// A wait without a look took so long; whether something ended it.
    pub(crate) fn waited(&mut self, time: Duration, was_ended: bool) {
        if !was_ended || time > self.longest + SLEEP {
            self.streak = 0;
            return;
        }
        self.streak += 1;
        if self.streak >= self.needed {
            self.looks = true;
            self.streak = 0;
        }
    }
}

/// What falling asleep and being woken may add to a wait.
const SLEEP: Duration = Duration::from_micros(50);

/// So many looks in vain in a row are the last for a while.
const IN_VAIN: u32 = 4;

/// How many waits in a row must have ended soon, at least and at most.
const FEWEST: u32 = 4;
const MOST: u32 = 1024;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_micros(20);
    const SOON: Duration = Duration::from_micros(60);
    const LATE: Duration = Duration::from_micros(100);

    /// How many waits in a row that end soon it takes until it looks.
    fn waits_until_it_looks(look: &mut Look) -> u32 {
        (1..=2 * MOST)
            .find(|_| {
                look.waited(SOON, true);
                look.limit().is_some()
            })
            .expect("it looks again at some time")
    }

    fn look_in_vain(look: &mut Look) {
        for _ in 0..IN_VAIN {
            assert_eq!(look.limit(), Some(LONGEST));
            look.found_nothing();
        }
        assert_eq!(look.limit(), None);
    }

    #[test]
    fn it_looks_after_some_waits_that_ended_soon_in_a_row() {
        let mut look = Look::new(LONGEST);
        assert_eq!(look.limit(), None);
        assert_eq!(waits_until_it_looks(&mut look), FEWEST);
        assert_eq!(look.limit(), Some(LONGEST));
    }

    #[test]
    fn a_wait_that_was_long_or_that_nothing_ended_breaks_the_row() {
        for (time, was_ended) in [(LATE, true), (SOON, false)] {
            let mut look = Look::new(LONGEST);
            for _ in 0..10 {
                for _ in 1..FEWEST {
                    look.waited(SOON, true);
                }
                look.waited(time, was_ended);
                assert_eq!(look.limit(), None);
            }
        }
    }

    #[test]
    fn each_time_that_it_was_in_vain_it_takes_twice_as_many_up_to_a_bound() {
        let mut look = Look::new(LONGEST);
        let mut expected = FEWEST;
        for _ in 0..20 {
            assert_eq!(waits_until_it_looks(&mut look), expected);
            look_in_vain(&mut look);
            expected = MOST.min(2 * expected);
        }
        assert_eq!(expected, MOST);
    }

    #[test]
    fn a_look_that_found_something_makes_up_for_those_in_vain() {
        let mut look = Look::new(LONGEST);
        for _ in 0..3 {
            waits_until_it_looks(&mut look);
            look_in_vain(&mut look);
        }
        waits_until_it_looks(&mut look);
        for _ in 0..100 {
            for _ in 1..IN_VAIN {
                look.found_nothing();
            }
            look.found();
        }
        look_in_vain(&mut look);
        assert_eq!(waits_until_it_looks(&mut look), 2 * FEWEST);
    }
}
