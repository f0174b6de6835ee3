//! What a tick is, and which way it is rounded.

use crate::instant::Instant;
use std::time::Duration;

/// A tick is 2^16 ns, 65.536 µs: a shift instead of a division, and well under the millisecond to which the
/// operating system's wait is rounded, so that time is rounded once and not twice.
const TICK_BITS: u32 = 16;

/// The time of a runtime, counted in ticks from the moment the clock was made.
///
/// Deadlines are rounded up to a tick, the present down: a timer is never early.
///
/// There is only the machine's clock so far. It is a type, and owned by the runtime, so that one that can be paused
/// is a change of this file.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Clock, Instant};
///
/// let clock = Clock::new();
/// assert!(clock.now() <= Instant::now());
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// The machine's monotonic clock.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The present.
    pub fn now(&self) -> Instant {
        Instant::now()
    }

    /// The tick that has begun by now.
    pub(crate) fn current_tick(&self) -> u64 {
        saturate(self.now().duration_since(self.start).as_nanos() >> TICK_BITS)
    }

    /// The first tick that does not begin before `deadline`.
    pub(crate) fn tick_of(&self, deadline: Instant) -> u64 {
        let since_start = deadline.duration_since(self.start).as_nanos();
        saturate(since_start.div_ceil(1 << TICK_BITS))
    }

    /// When `tick` begins.
    pub(crate) fn instant_of(&self, tick: u64) -> Instant {
        self.start + since_start(tick)
    }

    /// How long it is, to the nanosecond, until `tick` begins.
    pub(crate) fn until(&self, tick: u64) -> Duration {
        since_start(tick).saturating_sub(self.now().duration_since(self.start))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

fn since_start(tick: u64) -> Duration {
    const NANOS_PER_SEC: u128 = 1_000_000_000;
    let nanos = u128::from(tick) << TICK_BITS;
    // 2^80 ns are less than 2^51 s.
    Duration::new((nanos / NANOS_PER_SEC) as u64, (nanos % NANOS_PER_SEC) as u32)
}

fn saturate(ticks: u128) -> u64 {
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_rounded_up() {
        let clock = Clock::new();
        let tick = |nanos| clock.tick_of(clock.start + Duration::from_nanos(nanos));
        assert_eq!(tick(0), 0);
        assert_eq!(tick(1), 1);
        assert_eq!(tick(1 << 16), 1);
        assert_eq!(tick((1 << 16) + 1), 2);
    }

    #[test]
    fn a_tick_begins_no_earlier_than_the_deadlines_rounded_to_it() {
        for nanos in [1, 65_535, 65_536, 65_537, 1_000_000, u64::MAX / 4] {
            let clock = Clock::new();
            let deadline = clock.start + Duration::from_nanos(nanos);
            let begins = clock.start + since_start(clock.tick_of(deadline));
            assert!(begins >= deadline && begins - deadline < Duration::from_micros(66));
        }
    }

    #[test]
    fn no_tick_is_too_far() {
        let clock = Clock::new();
        assert!(clock.until(u64::MAX) > Duration::from_secs(1 << 49));
        assert!(clock.tick_of(Instant::now() + Duration::MAX) > 1 << 43);
        assert_eq!(clock.until(0), Duration::ZERO);
    }
}
