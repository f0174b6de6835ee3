//! The wheel does what a sorted map does: random operations on both, with times around every boundary.

use std::collections::BTreeMap;

use proptest::prelude::*;
use reveille_timer::wheel::{Key, Wheel};

mod probe;

/// What the levels of the wheel tell apart.
const RANGE: u64 = 1 << 36;

#[derive(Clone, Debug)]
enum Operation {
    Insert(Time),
    /// The number picks one of the keys known, of which some are stale.
    Cancel(usize),
    Reset(usize, Time),
    Advance(Time, usize),
    /// To the tick that the wheel asks for, as a driver does.
    AdvanceToNext,
}

/// A tick, relative to the one that the wheel has reached.
#[derive(Clone, Copy, Debug)]
enum Time {
    /// So many ticks later.
    After(u64),
    /// This many turns of a level's slot later, at the boundary, with -1, 0 or 1 added.
    Boundary {
        level: u32,
        turns: u64,
        offset: i64,
    },
    Before(u64),
    Never,
}

impl Time {
    fn tick(self, elapsed: u64) -> u64 {
        match self {
            Self::After(ticks) => elapsed.saturating_add(ticks),
            Self::Boundary { level, turns, offset } => {
                let bits = 6 * level;
                let boundary = (elapsed >> bits).saturating_add(turns).saturating_mul(1 << bits);
                boundary.saturating_add_signed(offset)
            }
            Self::Before(ticks) => elapsed.saturating_sub(ticks),
            Self::Never => u64::MAX,
        }
    }
}

/// The wheel beside a map from (tick at which it is due, number) to its key.
struct Pair {
    wheel: Wheel<usize>,
    waiting: BTreeMap<(u64, usize), Key>,
    /// Every number's key and, while it waits, its tick.
    known: Vec<(Key, Option<u64>)>,
    numbers: Vec<usize>,
}

impl Pair {
    fn new(start: u64) -> Self {
        Self {
            wheel: Wheel::new(start),
            waiting: BTreeMap::new(),
            known: Vec::new(),
            numbers: Vec::new(),
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Insert(time) => self.insert(time.tick(self.wheel.elapsed())),
            Operation::Cancel(pick) => self.cancel(pick),
            Operation::Reset(pick, time) => self.reset(pick, time.tick(self.wheel.elapsed())),
            Operation::Advance(time, limit) => {
                self.advance(time.tick(self.wheel.elapsed()), limit);
            }
            Operation::AdvanceToNext => {
                if let Some(next) = self.wheel.next_deadline() {
                    self.advance(next, usize::MAX);
                }
            }
        }
        self.compare();
    }

    fn insert(&mut self, when: u64) {
        let number = self.known.len();
        let key = self.wheel.insert(when, number);
        let due = when.max(self.wheel.elapsed());
        self.waiting.insert((due, number), key);
        self.known.push((key, Some(due)));
        self.numbers.push(number);
        if self.numbers.len() > 1000 {
            // Forget some, so that what is picked is often alive.
            self.numbers.retain(|&number| self.known[number].1.is_some());
        }
    }

    fn cancel(&mut self, pick: usize) {
        let Some(number) = self.pick(pick) else { return };
        let (key, due) = self.known[number];
        match due {
            Some(due) => {
                assert_eq!(self.wheel.get_mut(key), Some(&mut number.clone()));
                assert_eq!(self.wheel.remove(key), Some(number));
                self.waiting.remove(&(due, number));
                self.known[number].1 = None;
            }
            None => assert_eq!(self.wheel.remove(key), None, "a stale key removed something"),
        }
    }

    fn reset(&mut self, pick: usize, when: u64) {
        let Some(number) = self.pick(pick) else { return };
        let (key, old) = self.known[number];
        assert_eq!(self.wheel.reset(key, when), old.is_some());
        if let Some(old) = old {
            let due = when.max(self.wheel.elapsed());
            self.waiting.remove(&(old, number));
            self.waiting.insert((due, number), key);
            self.known[number].1 = Some(due);
        }
    }

    fn pick(&self, pick: usize) -> Option<usize> {
        (!self.numbers.is_empty()).then(|| self.numbers[pick % self.numbers.len()])
    }

    fn advance(&mut self, now: u64, limit: usize) {
        let now = now.max(self.wheel.elapsed());
        let mut expired = Vec::new();
        let more = self.wheel.advance(now, limit, &mut expired);
        assert!(expired.len() <= limit);
        let mut last = 0;
        for number in expired {
            let due = self.known[number]
                .1
                .take()
                .expect("an entry fired that does not wait");
            self.waiting.remove(&(due, number));
            assert!(due <= now, "an entry fired early: due {due}, now {now}");
            assert!(due >= last, "an entry fired out of order");
            last = due;
        }
        if let Some(&(due, _)) = self.waiting.keys().next() {
            assert!(
                due >= last,
                "an entry due at {due} was passed over for one due at {last}"
            );
            assert!(more || due > now, "an entry due at {due} did not fire at {now}");
        }
        if !more {
            assert_eq!(self.wheel.elapsed(), now);
        }
    }

    fn compare(&self) {
        assert_eq!(self.wheel.len(), self.waiting.len());
        assert_eq!(self.wheel.is_empty(), self.waiting.is_empty());
        let earliest = self.waiting.keys().next().map(|&(due, _)| due);
        let next = self.wheel.next_deadline();
        assert_eq!(next.is_some(), earliest.is_some());
        assert!(
            next <= earliest,
            "the wheel would sleep until {next:?}, past {earliest:?}"
        );
        assert!(next.is_none_or(|next| next >= self.wheel.elapsed()));
    }

    /// Everything that waits fires in the end, in a bounded number of calls of the bounded kind.
    fn finish(mut self) {
        let calls = 20 * (self.waiting.len() + 1);
        for _ in 0..calls {
            self.advance(u64::MAX, 1);
            if self.waiting.is_empty() {
                return assert!(self.wheel.is_empty());
            }
        }
        panic!("{} entries never fire", self.waiting.len());
    }
}

fn times() -> impl Strategy<Value = Time> {
    prop_oneof![
        4 => (0..200_u64).prop_map(Time::After),
        2 => (0..3 * RANGE + 2).prop_map(Time::After),
        6 => (0..=6_u32, 0..4_u64, -1..=1_i64)
            .prop_map(|(level, turns, offset)| Time::Boundary { level, turns, offset }),
        1 => (0..100_u64).prop_map(Time::Before),
        1 => Just(Time::Never),
    ]
}

fn limits() -> impl Strategy<Value = usize> {
    prop_oneof![0..4_usize, Just(usize::MAX)]
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        5 => times().prop_map(Operation::Insert),
        2 => any::<usize>().prop_map(Operation::Cancel),
        3 => (any::<usize>(), times()).prop_map(|(pick, time)| Operation::Reset(pick, time)),
        3 => (times().prop_filter("the end of time ends the test", |time| !matches!(time, Time::Never)), limits())
            .prop_map(|(time, limit)| Operation::Advance(time, limit)),
        2 => Just(Operation::AdvanceToNext),
    ]
}

fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        any::<u64>(),
        (1..4_u64, -2..=2_i64).prop_map(|(turn, offset)| (turn * RANGE).saturating_add_signed(offset)),
        (0..200_u64).prop_map(|left| u64::MAX - left),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_wheel_agrees_with_a_sorted_map(
        start in starts(),
        operations in proptest::collection::vec(operations(), 1..150),
    ) {
        let mut pair = Pair::new(start);
        for operation in &operations {
            pair.apply(operation);
        }
        pair.finish();
    }
}

/// A long life on one wheel, the same in every run; 10 million operations with `REVEILLE_STRESS=full`.
#[test]
fn a_long_life_agrees_with_a_sorted_map() {
    let mut random = SplitMix(0x5eed_0fa1_1b6c_10cc);
    let mut pair = Pair::new(RANGE - 100_000);
    for _ in 0..probe::rounds(200_000, 10_000_000) {
        let operation = match random.below(10) {
            0..4 => Operation::Insert(random.time()),
            4..6 => Operation::Cancel(random.below(u64::MAX) as usize),
            6..8 => Operation::Reset(random.below(u64::MAX) as usize, random.time()),
            8 => Operation::Advance(Time::After(random.below(5000)), random.below(64) as usize),
            _ => Operation::AdvanceToNext,
        };
        pair.apply(&operation);
    }
    pair.finish();
}

/// Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators* (2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn time(&mut self) -> Time {
        match self.below(8) {
            0 => Time::Before(self.below(100)),
            1 => Time::After(self.below(3 * RANGE)),
            2..5 => Time::After(self.below(10_000)),
            _ => Time::Boundary {
                level: self.below(7) as u32,
                turns: self.below(4),
                offset: self.below(3) as i64 - 1,
            },
        }
    }
}
