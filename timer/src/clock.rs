//! What a tick is, which way it is rounded, and a clock that can be stopped.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use crate::instant::{self, Instant};
use crate::primitive::{Arc, AtomicBool, Mutex, MutexGuard, Ordering};

/// A tick is at most 2^16 ns, 65.536 µs: a shift instead of a division, and well under the millisecond to which the
/// operating system's wait is rounded, so that time is rounded once and not twice.
const LONGEST_TICK_BITS: u32 = 16;

/// The time of a runtime, counted in ticks from the moment the clock was made.
///
/// Deadlines are rounded up to a tick, the present down: a timer is never early.
///
/// It goes with the machine's monotonic clock until it is [paused](Self::pause). Then it stands, and only
/// [`advance_to`](Self::advance_to) and [`step`](Self::step) move it, until it goes on from there with
/// [`resume`](Self::resume). Threads on which its timers are [current](crate::Handle::enter) see its time in
/// [`Instant::now`].
///
/// Clones are the same clock.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Clock, Duration, Instant};
///
/// let clock = Clock::new();
/// assert!(clock.now() <= Instant::now());
///
/// clock.pause();
/// let stopped = clock.now();
/// clock.advance_to(stopped + Duration::from_secs(3600));
/// assert_eq!(clock.now(), stopped + Duration::from_secs(3600));
/// clock.resume();
/// assert!(clock.now() >= stopped + Duration::from_secs(3600));
/// ```
#[derive(Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    start: Instant,
    /// The base-2 logarithm of a tick's length in nanoseconds.
    tick_bits: u32,
    /// Whether it does not simply go with the machine's.
    differs: AtomicBool,
    face: Mutex<Face>,
}

/// What is read off a clock that was paused at some time.
#[derive(Clone, Copy, Debug)]
enum Face {
    /// It stands.
    Paused { at: Instant },
    /// It showed `shown` when the machine's showed `since`, and both go.
    Goes { shown: Instant, since: Instant },
}

impl Clock {
    /// The machine's monotonic clock.
    pub fn new() -> Self {
        Self::with_ticks_of(LONGEST_TICK_BITS)
    }

    /// A clock for timers that are to be as precise as `granularity`: its ticks are an eighth of that or shorter, as
    /// [`new`](Self::new)'s are of a millisecond. Shorter ticks make the wheel's levels cover less: beyond 2^36 of them
    /// timers lie in a sorted set, where inserting and cancelling cost some 100 ns.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_timer::{Clock, Duration, Timers};
    ///
    /// let clock = Clock::with_granularity(Duration::from_micros(100));
    /// let timers = Timers::with_clock(clock, std::task::Waker::noop().clone());
    /// # drop(timers);
    /// ```
    pub fn with_granularity(granularity: Duration) -> Self {
        let longest = granularity.as_nanos() / 8;
        let bits = longest.checked_ilog2().unwrap_or(0).min(LONGEST_TICK_BITS);
        Self::with_ticks_of(bits)
    }

    /// A clock that stands from the beginning. Its ticks are nanoseconds, so that [`step`](Self::step) stops at the
    /// very instants of the deadlines.
    pub fn new_paused() -> Self {
        instant::there_are_other_clocks();
        let clock = Self::with_ticks_of(0);
        // Where it begins, not a moment later: so the same program finds the same ticks each time.
        *clock.face() = Face::Paused {
            at: clock.shared.start,
        };
        clock.shared.differs.store(true, Ordering::Relaxed);
        clock
    }

    fn with_ticks_of(tick_bits: u32) -> Self {
        let start = Instant::of_the_machine();
        let shared = Shared {
            start,
            tick_bits,
            differs: AtomicBool::new(false),
            face: Mutex::new(Face::Goes {
                shown: start,
                since: start,
            }),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The present.
    pub fn now(&self) -> Instant {
        // Relaxed: what it shows is under the lock; who was told of a pause sees at least that.
        if self.shared.differs.load(Ordering::Relaxed) {
            self.face().now()
        } else {
            Instant::of_the_machine()
        }
    }

    /// Whether it stands.
    pub fn is_paused(&self) -> bool {
        self.shared.differs.load(Ordering::Relaxed) && matches!(*self.face(), Face::Paused { .. })
    }

    /// Whether it was ever paused. Costs next to nothing to ask.
    #[inline]
    pub fn was_paused(&self) -> bool {
        self.shared.differs.load(Ordering::Relaxed)
    }

    /// Stops the clock. False if it stands already.
    ///
    /// The drivers of its timers need not be told: one that waits for a deadline wakes up once for nothing.
    pub fn pause(&self) -> bool {
        instant::there_are_other_clocks();
        let mut face = self.face();
        let goes = matches!(*face, Face::Goes { .. });
        if goes {
            *face = Face::Paused { at: face.now() };
            self.shared.differs.store(true, Ordering::Relaxed);
        }
        goes
    }

    /// Lets the clock go on, from where it stands. False if it goes already. The drivers of its timers are to be
    /// [unparked](crate::Handle::unpark): they wait without end.
    pub fn resume(&self) -> bool {
        let mut face = self.face();
        let Face::Paused { at } = *face else {
            return false;
        };
        *face = Face::Goes {
            shown: at,
            since: Instant::of_the_machine(),
        };
        true
    }

    /// Moves a clock that stands to `instant`, unless it is there or further already. It wakes nobody. False if the clock
    /// goes: then it is left alone.
    pub fn advance_to(&self, instant: Instant) -> bool {
        match &mut *self.face() {
            Face::Paused { at } => *at = instant.max(*at),
            Face::Goes { .. } => return false,
        }
        true
    }

    /// The instant that is as far ahead by this clock as `deadline` is by that of this thread.
    pub(crate) fn as_far_ahead(&self, deadline: Instant) -> Instant {
        if instant::are_there_other_clocks() {
            self.now() + deadline.duration_since(Instant::now())
        } else {
            deadline
        }
    }

    /// The tick that has begun by now.
    pub(crate) fn current_tick(&self) -> u64 {
        let since_start = self.now().duration_since(self.shared.start);
        match short_nanos(since_start) {
            Some(nanos) => nanos >> self.shared.tick_bits,
            None => saturate(since_start.as_nanos() >> self.shared.tick_bits),
        }
    }

    // BOOK: ch06
    /// The first tick that does not begin before `deadline`.
    pub(crate) fn tick_of(&self, deadline: Instant) -> u64 {
        let since_start = deadline.duration_since(self.shared.start);
        match short_nanos(since_start) {
            Some(nanos) => (nanos + (1 << self.shared.tick_bits) - 1) >> self.shared.tick_bits,
            None => saturate(since_start.as_nanos().div_ceil(1 << self.shared.tick_bits)),
        }
    }

    /// When `tick` begins.
    pub(crate) fn instant_of(&self, tick: u64) -> Instant {
        self.shared.start + self.since_start(tick)
    }

    /// How long it is, to the nanosecond, until `tick` begins.
    pub(crate) fn until(&self, tick: u64) -> Duration {
        let since_start = self.now().duration_since(self.shared.start);
        self.since_start(tick).saturating_sub(since_start)
    }

    fn since_start(&self, tick: u64) -> Duration {
        const NANOS_PER_SEC: u128 = 1_000_000_000;
        let nanos = u128::from(tick) << self.shared.tick_bits;
        // A division of 128 bits is a hundred instructions.
        if let Ok(nanos) = u64::try_from(nanos) {
            return Duration::from_nanos(nanos);
        }
        // 2^80 ns are less than 2^51 s.
        Duration::new((nanos / NANOS_PER_SEC) as u64, (nanos % NANOS_PER_SEC) as u32)
    }

    /// A poisoned lock is whole: it is held for a load and a store.
    fn face(&self) -> MutexGuard<'_, Face> {
        self.shared.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Face {
    fn now(self) -> Instant {
        match self {
            Self::Paused { at } => at,
            Self::Goes { shown, since } => shown + Instant::of_the_machine().duration_since(since),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("now", &self.now())
            .field("is_paused", &self.is_paused())
            .finish_non_exhaustive()
    }
}

/// The nanoseconds of a duration of less than some 270 years, which leaves room for a tick: 64 bits are a fraction of the work
/// that 128 are.
fn short_nanos(duration: Duration) -> Option<u64> {
    let is_short = duration.as_secs() < 1 << 33;
    is_short.then(|| duration.as_secs() * 1_000_000_000 + u64::from(duration.subsec_nanos()))
}

fn saturate(ticks: u128) -> u64 {
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_rounded_up() {
        let clock = Clock::new();
        let tick = |nanos| clock.tick_of(clock.shared.start + Duration::from_nanos(nanos));
        assert_eq!(tick(0), 0);
        assert_eq!(tick(1), 1);
        assert_eq!(tick(1 << 16), 1);
        assert_eq!(tick((1 << 16) + 1), 2);
    }

    #[test]
    fn a_tick_begins_no_earlier_than_the_deadlines_rounded_to_it() {
        for nanos in [1, 65_535, 65_536, 65_537, 1_000_000, u64::MAX / 4] {
            for (clock, longest) in [(Clock::new(), 65_536), (Clock::new_paused(), 1)] {
                let deadline = clock.shared.start + Duration::from_nanos(nanos);
                let begins = clock.instant_of(clock.tick_of(deadline));
                assert!(begins >= deadline && begins - deadline < Duration::from_nanos(longest));
            }
        }
    }

    #[test]
    fn no_tick_is_too_far() {
        let clock = Clock::new();
        assert!(clock.until(u64::MAX) > Duration::from_secs(1 << 49));
        assert!(clock.tick_of(Instant::now() + Duration::MAX) > 1 << 43);
        assert_eq!(clock.until(0), Duration::ZERO);
    }

    #[test]
    fn a_finer_granularity_has_shorter_ticks() {
        let bits = |nanos| {
            Clock::with_granularity(Duration::from_nanos(nanos))
                .shared
                .tick_bits
        };
        assert_eq!(bits(1_000_000), LONGEST_TICK_BITS);
        assert_eq!(bits(u64::MAX), LONGEST_TICK_BITS);
        assert_eq!(bits(100_000), 13);
        assert_eq!(bits(1), 0);
        assert_eq!(bits(0), 0);
    }

    #[test]
    fn a_paused_clock_stands_until_it_is_moved_and_goes_on_from_there() {
        let clock = Clock::new();
        assert!(clock.pause() && !clock.pause() && clock.is_paused());
        let stopped = clock.now();
        let later = stopped + Duration::from_secs(60);
        clock.advance_to(later);
        clock.advance_to(stopped);
        assert_eq!(clock.now(), later, "a clock never goes back");
        assert!(clock.resume() && !clock.resume() && !clock.is_paused());
        assert!(clock.now() >= later && clock.now() < later + Duration::from_secs(60));
        assert!(clock.pause());
        assert!(clock.now() >= later);
    }

    #[test]
    fn a_clock_that_goes_is_not_moved() {
        let clock = Clock::new();
        let later = Instant::now() + Duration::from_secs(3600);
        assert!(!clock.advance_to(later));
        assert!(clock.now() < later);
    }
}
