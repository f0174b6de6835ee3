//! The wheel beside a sorted map, compared after every operation: for the property test and for `fuzz/`.

use std::collections::BTreeMap;

use reveille_timer::wheel::{Key, Wheel};

/// What the levels of the wheel tell apart.
pub(crate) const RANGE: u64 = 1 << 36;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Insert(Time),
    /// So many at once.
    InsertMany(Time, usize),
    /// The number picks one of the keys known, of which some are stale.
    Cancel(usize),
    Reset(usize, Time),
    Advance(Time, usize),
    /// To the tick that the wheel asks for, as a driver does.
    AdvanceToNext,
}

/// A tick, relative to the one that the wheel has reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
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
pub(crate) struct Pair {
    wheel: Wheel<usize>,
    waiting: BTreeMap<(u64, usize), Key>,
    /// Every number's key and, while it waits, its tick.
    known: Vec<(Key, Option<u64>)>,
    numbers: Vec<usize>,
}

impl Pair {
    pub(crate) fn new(start: u64) -> Self {
        Self {
            wheel: Wheel::new(start),
            waiting: BTreeMap::new(),
            known: Vec::new(),
            numbers: Vec::new(),
        }
    }

    pub(crate) fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Insert(time) => self.insert(time.tick(self.wheel.elapsed())),
            Operation::InsertMany(time, count) => {
                let when = time.tick(self.wheel.elapsed());
                (0..count).for_each(|_| self.insert(when));
            }
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
        if self.numbers.len() > 1000 + 2 * self.waiting.len() {
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

    /// What is shown, and what is taken out at once, is what waits.
    fn compare_contents(&self) {
        let sorted = |mut numbers: Vec<usize>| {
            numbers.sort_unstable();
            numbers
        };
        let waiting = sorted(self.waiting.keys().map(|&(_, number)| number).collect());
        let shown = self.wheel.iter().map(|(when, &number)| {
            assert!(self.known[number].1.is_some_and(|due| when <= due));
            number
        });
        assert_eq!(sorted(shown.collect()), waiting);
        let (elapsed, len) = (self.wheel.elapsed(), self.wheel.len());
        let debug = format!("Wheel {{ elapsed: {elapsed}, len: {len}, .. }}");
        assert_eq!(format!("{:?}", self.wheel), debug);
        let mut wheel = self.wheel.clone();
        assert_eq!(sorted(wheel.drain()), waiting);
        assert!(wheel.is_empty() && wheel.next_deadline().is_none() && wheel.iter().next().is_none());
        assert!(self.waiting.values().all(|&key| wheel.get_mut(key).is_none()));
    }

    /// Everything that waits fires in the end, in a bounded number of calls of the bounded kind.
    pub(crate) fn finish(mut self) {
        self.compare_contents();
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
