//! The wheel does what a sorted map does, whatever libFuzzer does to both.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[path = "../../timer/tests/pair/mod.rs"]
mod pair;

use pair::{Operation, Pair, RANGE, Time};

#[derive(Arbitrary, Debug)]
enum Start {
    Zero,
    Anywhere(u64),
    /// Near a turn of the top level.
    Turn(u8, i8),
    /// Near the end of time.
    Left(u8),
}

#[derive(Arbitrary, Debug)]
enum When {
    Near(u8),
    Far(u64),
    Boundary { level: u8, turns: u8, offset: i8 },
    Before(u8),
    Never,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Insert(When),
    InsertMany(When, u8),
    Cancel(u8),
    Reset(u8, When),
    Advance(When, u8),
    AdvanceWithoutLimit(When),
    AdvanceToNext,
}

impl Start {
    fn tick(&self) -> u64 {
        match *self {
            Self::Zero => 0,
            Self::Anywhere(tick) => tick,
            Self::Turn(turn, offset) => (u64::from(turn) * RANGE).saturating_add_signed(offset.into()),
            Self::Left(left) => u64::MAX - u64::from(left),
        }
    }
}

impl When {
    fn time(&self) -> Time {
        match *self {
            Self::Near(ticks) => Time::After(ticks.into()),
            Self::Far(ticks) => Time::After(ticks % (3 * RANGE + 2)),
            Self::Boundary { level, turns, offset } => Time::Boundary {
                level: u32::from(level % 7),
                turns: u64::from(turns % 66),
                offset: i64::from(offset % 2),
            },
            Self::Before(ticks) => Time::Before(ticks.into()),
            Self::Never => Time::Never,
        }
    }
}

impl Step {
    fn operation(&self) -> Operation {
        match self {
            Self::Insert(when) => Operation::Insert(when.time()),
            Self::InsertMany(when, count) => Operation::InsertMany(when.time(), (*count).into()),
            Self::Cancel(pick) => Operation::Cancel((*pick).into()),
            Self::Reset(pick, when) => Operation::Reset((*pick).into(), when.time()),
            Self::Advance(when, limit) => Operation::Advance(when.time(), (*limit % 8).into()),
            Self::AdvanceWithoutLimit(when) => Operation::Advance(when.time(), usize::MAX),
            Self::AdvanceToNext => Operation::AdvanceToNext,
        }
    }
}

fuzz_target!(|input: (Start, Vec<Step>)| {
    let (start, steps) = input;
    let mut pair = Pair::new(start.tick());
    for step in &steps {
        pair.apply(&step.operation());
    }
    pair.finish();
});
