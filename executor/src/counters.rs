//! What a worker counts while it runs, for the metrics.

// std's in every build: nothing is decided by these numbers, so a model checker need not see them.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The numbers of one worker, or of whoever drives a current-thread runtime. One thread writes at a time, Relaxed, and
/// hands the writing on under a lock; any may read.
pub(crate) struct Counters {
    pub(crate) parks: Counter,
    pub(crate) turns: Counter,
    pub(crate) steals: Counter,
    /// Tasks that have ended here.
    pub(crate) ended: Counter,
    pub(crate) busy: Busy,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            parks: Counter::new(),
            turns: Counter::new(),
            steals: Counter::new(),
            ended: Counter::new(),
            busy: Busy::new(),
        }
    }
}

/// A number that one thread adds to and any may read.
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    pub(crate) fn add(&self, count: u64) {
        // Not one step: there is one writer at a time.
        self.set(self.get().wrapping_add(count));
    }

    #[inline]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// For how long a worker has been out of its park, the present stretch included.
///
/// ```text
///              begin: how long it has rested so far
///   RESTING ────────────────────────────────────────▶ working
///      ▲                                                │
///      └────────────────────────────────────────────────┘
///              end: how long it has worked so far
/// ```
///
/// All is in one word, so that a reader needs no lock, and the worker writes only where it parks: while it works, the
/// time it has worked is what has passed since the epoch, less the rest.
pub(crate) struct Busy {
    epoch: Instant,
    /// Nanoseconds, with [`RESTING`].
    word: AtomicU64,
    /// The most that was ever told. A reader may come between the worker's look at the clock and its write; the next
    /// one must not see less.
    told: AtomicU64,
}

const RESTING: u64 = 1 << 63;

impl Busy {
    pub(crate) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            word: AtomicU64::new(RESTING),
            told: AtomicU64::new(0),
        }
    }

    /// It works from now on, if it did not before.
    pub(crate) fn begin(&self, now: Instant) {
        let word = self.word.load(Ordering::Relaxed);
        if word & RESTING != 0 {
            let rested = self.at(now).saturating_sub(word & !RESTING);
            self.word.store(rested, Ordering::Relaxed);
        }
    }

    /// It rests from now on, if it did not before.
    pub(crate) fn end(&self, now: Instant) {
        let rested = self.word.load(Ordering::Relaxed);
        if rested & RESTING == 0 {
            let worked = self.at(now).saturating_sub(rested);
            self.word.store(worked | RESTING, Ordering::Relaxed);
        }
    }

    pub(crate) fn get(&self) -> Duration {
        let mut word = self.word.load(Ordering::Relaxed);
        let worked = loop {
            let now = Instant::now();
            // The clock goes with a word that was there before and after it was read.
            let after = self.word.load(Ordering::Relaxed);
            if after == word {
                break match word & RESTING {
                    0 => self.at(now).saturating_sub(word),
                    _ => word & !RESTING,
                };
            }
            word = after;
        };
        let told = self.told.fetch_max(worked, Ordering::Relaxed);
        Duration::from_nanos(worked.max(told))
    }

    /// Since when this counts.
    pub(crate) fn epoch(&self) -> Instant {
        self.epoch
    }

    fn at(&self, now: Instant) -> u64 {
        let nanos = now.saturating_duration_since(self.epoch).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX) & !RESTING
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn busy_time_is_what_lies_between_begin_and_end() {
        let busy = Busy::new();
        let at = |millis| busy.epoch + Duration::from_millis(millis);
        busy.begin(at(10));
        busy.begin(at(11));
        busy.end(at(15));
        busy.end(at(20));
        assert_eq!(busy.get(), Duration::from_millis(5));
        busy.begin(at(100));
        busy.end(at(101));
        assert_eq!(busy.get(), Duration::from_millis(6));
    }

    #[test]
    fn the_present_stretch_counts() {
        let busy = Busy::new();
        busy.begin(busy.epoch);
        let before = busy.epoch.elapsed();
        let told = busy.get();
        assert!(told >= before, "{told:?} after {before:?}");
        assert!(told <= busy.epoch.elapsed());
    }
}
