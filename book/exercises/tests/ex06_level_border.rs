//! Exercise 6: late by a turn. To chapter 6.
//!
//! A wheel of two levels with eight slots each, which goes from tick to tick. A timer that has less than eight ticks to go lies on
//! the level below, in the slot of its tick; all others lie above, eight ticks to a slot. When the first of its ticks comes a
//! slot above is emptied: its timers are put where they lie now. Most of them fire when they should:
//!
//! ```text
//! a timer for tick 8 fired in tick 16
//! ```
//!
//! Mend `Wheel::tick`.
//!
//! Hint: write down for the ticks 7, 8 and 9 which slots are looked at, and in which order. Only timers of some ticks are late;
//! what do those have in common?

#[derive(Default)]
struct Wheel {
    now: u64,
    /// What is due in this tick or in one of the seven after it.
    below: [Vec<u64>; SLOTS],
    /// What is due later, by its tick divided by eight.
    above: [Vec<u64>; SLOTS],
}

const SLOTS: usize = 8;

impl Wheel {
    /// A timer less than 56 ticks ahead.
    fn insert(&mut self, when: u64) {
        let ahead = when - self.now;
        assert!(ahead < 56, "two levels reach no farther");
        if ahead < 8 {
            self.below[when as usize % SLOTS].push(when);
        } else {
            self.above[when as usize / SLOTS % SLOTS].push(when);
        }
    }

    /// Goes on by a tick; what fires in it.
    fn tick(&mut self) -> Vec<u64> {
        self.now += 1;
        let now = self.now as usize;
        let fired = std::mem::take(&mut self.below[now % SLOTS]);
        if now % SLOTS == 0 {
            for when in std::mem::take(&mut self.above[now / SLOTS % SLOTS]) {
                self.insert(when);
            }
        }
        fired
    }
}

#[test]
fn every_timer_fires_in_its_tick_wherever_the_wheel_stands() {
    for start in 0..128 {
        for when in start + 1..start + 56 {
            let mut wheel = Wheel {
                now: start,
                ..Wheel::default()
            };
            wheel.insert(when);
            let fired = (start + 1..start + 128).find(|_| wheel.tick() == [when]);
            let fired = fired.unwrap_or_else(|| panic!("a timer for tick {when} never fired"));
            assert_eq!(fired, when, "a timer for tick {when} fired in tick {fired}");
        }
    }
}

#[test]
fn many_timers_fire_in_their_order() {
    let mut wheel = Wheel::default();
    (1..56).rev().for_each(|when| wheel.insert(when));
    let fired: Vec<u64> = (1..56).flat_map(|_| wheel.tick()).collect();
    let expected: Vec<u64> = (1..56).collect();
    assert_eq!(fired, expected);
}
