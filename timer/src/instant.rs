//! Points in time.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::current;

/// A point in time, like [`std::time::Instant`], of which it is a thin wrapper. It is a type of its own because a
/// runtime's [clock](crate::Clock) can be paused: [`now`](Self::now) is that of the runtime. Where the clock goes with the
/// machine's, the two convert into each other; one that was paused has its own present, and what
/// [`into_std`](Self::into_std) returns is then as far from std's as the clock is from the machine's.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Duration, Instant};
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_secs(5);
/// assert_eq!(deadline - start, Duration::from_secs(5));
/// assert_eq!(start - deadline, Duration::ZERO);
///
/// let never = start + Duration::MAX;
/// assert!(never - start > Duration::from_secs(20 * 365 * 24 * 60 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(std::time::Instant);

impl Instant {
    /// The present, of the clock of the runtime that is current on this thread, else of the machine's.
    pub fn now() -> Self {
        // Relaxed: who was told of a pause sees that there was one.
        if are_there_other_clocks() {
            if let Some(now) = current::now() {
                return now;
            }
        }
        Self::of_the_machine()
    }

    /// The present of the machine's monotonic clock.
    pub(crate) fn of_the_machine() -> Self {
        Self(std::time::Instant::now())
    }

    /// Wraps std's.
    pub const fn from_std(std: std::time::Instant) -> Self {
        Self(std)
    }

    /// Unwraps std's.
    pub const fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from `earlier` to here; `None` if `earlier` is later.
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time since this instant; zero if it is in the future.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The instant `duration` later, if the platform's clock can express it.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// The instant `duration` earlier, if the platform's clock can express it.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The instant `duration` later or, when the platform's clock cannot express it, one so far away that it means
    /// never: 30 years from now, as in tokio.
    pub(crate) fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or_else(|| {
            // A longer one overflows the clocks of some platforms.
            let far_away = Duration::from_secs(30 * 365 * 24 * 60 * 60);
            Self::now()
                .checked_add(far_away)
                .map_or(self, |then| then.max(self))
        })
    }
}

/// Never panics: what the platform's clock cannot express becomes an instant so far away that it means never.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// Panics, like std's, if the platform's clock cannot express the result; [`checked_sub`](Instant::checked_sub)
/// does not.
impl Sub<Duration> for Instant {
    type Output = Self;

    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration)
            .expect("the difference is before the beginning of this platform's clock; use `checked_sub`")
    }
}

impl SubAssign<Duration> for Instant {
    #[track_caller]
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

/// The time between the two; zero if the right one is later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl From<std::time::Instant> for Instant {
    fn from(std: std::time::Instant) -> Self {
        Self::from_std(std)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.into_std()
    }
}

/// Whether any clock of this process was ever paused: as long as none was, nobody need ask which one is current. Std's:
/// no protocol hangs on it.
static THERE_ARE_OTHER_CLOCKS: AtomicBool = AtomicBool::new(false);

/// Whether two clocks may show different times.
pub(crate) fn are_there_other_clocks() -> bool {
    THERE_ARE_OTHER_CLOCKS.load(Ordering::Relaxed)
}

/// From now on [`Instant::now`] asks which clock is current.
pub(crate) fn there_are_other_clocks() {
    THERE_ARE_OTHER_CLOCKS.store(true, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_too_much_means_never() {
        let now = Instant::now();
        let never = now + Duration::MAX;
        assert!(never > now + Duration::from_secs(20 * 365 * 24 * 60 * 60));
        assert!(never + Duration::MAX >= never);
    }

    #[test]
    fn std_and_back() {
        let std = std::time::Instant::now();
        assert_eq!(std::time::Instant::from(Instant::from(std)), std);
    }
}
