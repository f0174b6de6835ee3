//! The wheel does what a sorted map does: random operations on both, with times around every boundary.

use pair::{Operation, Pair, RANGE, Time};
use proptest::prelude::*;

mod pair;
mod probe;

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
        // Enough that they move ahead of their time.
        1 => (times(), 16..64_usize).prop_map(|(time, count)| Operation::InsertMany(time, count)),
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
            0..4 if random.below(500) == 0 => {
                Operation::InsertMany(random.time(), random.below(2000) as usize)
            }
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
