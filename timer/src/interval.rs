//! Ticks at a steady pace.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use crate::instant::Instant;
use crate::sleep::Sleep;

/// A tick that comes later than this has been missed; what is less is the precision of timers. As in tokio.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Ticks every `period`, the first time at once. Missed ticks are made up for in a burst, unless
/// [`set_missed_tick_behavior`](Interval::set_missed_tick_behavior) says otherwise.
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Duration, interval};
///
/// pollster::block_on(async {
///     let mut interval = interval(Duration::from_millis(2));
///     let first = interval.tick().await;
///     let second = interval.tick().await;
///     assert_eq!(second - first, Duration::from_millis(2));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks every `period`, the first time at `start`; otherwise like [`interval`].
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Duration, Instant, interval_at};
///
/// pollster::block_on(async {
///     let start = Instant::now() + Duration::from_millis(2);
///     let mut interval = interval_at(start, Duration::from_millis(1));
///     assert_eq!(interval.tick().await, start);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval is zero; give it a positive one, or use `yield_now` to let other tasks run"
    );
    Interval {
        delay: Sleep::new(start, Location::caller()),
        period,
        missed: 0,
        missed_tick_behavior: MissedTickBehavior::default(),
    }
}

/// A steady pace, made by [`interval`] and [`interval_at`].
///
/// It is a stream of the instants at which its ticks were due, too; that never ends.
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt;
/// use reveille_timer::{Duration, interval};
///
/// pollster::block_on(async {
///     let period = Duration::from_millis(1);
///     let ticks: Vec<_> = interval(period).take(3).collect().await;
///     assert_eq!(ticks[2] - ticks[0], 2 * period);
/// });
/// ```
#[derive(Debug)]
pub struct Interval {
    /// Its deadline is the next tick.
    delay: Sleep,
    period: Duration,
    missed: u64,
    missed_tick_behavior: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick and returns when it was due.
    ///
    /// **Cancel safety**: safe to drop at any time; a tick that nobody has got yet stays for the next call.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_timer::{Duration, interval};
    ///
    /// pollster::block_on(async {
    ///     let mut interval = interval(Duration::from_millis(1));
    ///     for _ in 0..3 {
    ///         interval.tick().await;
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn tick(&mut self) -> Tick<'_> {
        self.delay.set_location(Location::caller());
        Tick { interval: self }
    }

    /// Polls for the next tick; it is ready with the instant at which it was due. The waker of the last poll counts.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.delay).poll(cx));
        let due = self.delay.deadline();
        let now = Instant::now();
        self.missed = ticks_within(now - due, self.period);
        let next = if now <= due + TOLERANCE {
            due + self.period
        } else {
            self.missed_tick_behavior.next(due, now, self.period)
        };
        self.delay.reset(next);
        Poll::Ready(due)
    }

    /// How many more ticks were due when the last one was returned: what [`Burst`](MissedTickBehavior::Burst) makes up
    /// for, and the other behaviors leave out.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_timer::{Duration, Instant, MissedTickBehavior, interval_at};
    ///
    /// pollster::block_on(async {
    ///     let period = Duration::from_secs(60);
    ///     let mut interval = interval_at(Instant::now() - 3 * period, period);
    ///     interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ///     interval.tick().await;
    ///     assert_eq!(interval.missed(), 3);
    /// });
    /// ```
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Sets the next tick to one period from now.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_timer::{Duration, Instant, interval};
    ///
    /// pollster::block_on(async {
    ///     let period = Duration::from_millis(2);
    ///     let mut interval = interval(period);
    ///     let before = Instant::now();
    ///     interval.reset();
    ///     assert!(interval.tick().await >= before + period);
    /// });
    /// ```
    pub fn reset(&mut self) {
        self.reset_at(Instant::now() + self.period);
    }

    /// Sets the next tick to now.
    pub fn reset_immediately(&mut self) {
        self.reset_at(Instant::now());
    }

    /// Sets the next tick to `after` from now.
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(Instant::now() + after);
    }

    /// Sets the next tick to `deadline`; the ones after follow from it.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.delay.reset(deadline);
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens to ticks for which nobody came in time.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Says what happens to ticks for which nobody came in time.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// How many whole periods `late` has room for.
fn ticks_within(late: Duration, period: Duration) -> u64 {
    if late < period {
        // Nearly always: no division.
        return 0;
    }
    u64::try_from(late.as_nanos() / period.as_nanos()).unwrap_or(u64::MAX)
}

/// The future of [`Interval::tick`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
}

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.interval.poll_tick(cx)
    }
}

/// What an [`Interval`] does after a tick that came more than 5 ms late.
///
/// ```text
/// due        |     1     |     2     |     3     |     4     |     5     |     6     |
/// work       |-----------------------------------------------|
/// Burst                                                      |2|3|4|     5     |     6
/// Delay                                                      |2          |3          |
/// Skip                                                       |2          |5          |
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// The missed ticks come at once, one after the other, until the interval has caught up.
    #[default]
    Burst,
    /// The next tick comes one period after the late one, and the ones after follow from it.
    Delay,
    /// The missed ticks are left out; the next one comes when one is due by the original beat.
    Skip,
}

impl MissedTickBehavior {
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due + period,
            Self::Delay => now + period,
            Self::Skip => {
                let late = (now - due).as_nanos() % period.as_nanos();
                // More than 584 years of virtual time would be.
                let late = Duration::from_nanos(u64::try_from(late).unwrap_or(u64::MAX));
                now + period.saturating_sub(late)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_late_tick() {
        let due = Instant::now();
        let ms = Duration::from_millis;
        let now = due + ms(25);
        let next = |behavior: MissedTickBehavior| behavior.next(due, now, ms(10)) - due;
        assert_eq!(next(MissedTickBehavior::Burst), ms(10));
        assert_eq!(next(MissedTickBehavior::Delay), ms(35));
        assert_eq!(next(MissedTickBehavior::Skip), ms(30));
    }

    #[test]
    fn a_period_without_end_is_no_overflow() {
        let due = Instant::now();
        let now = due + Duration::from_secs(1);
        for behavior in [
            MissedTickBehavior::Burst,
            MissedTickBehavior::Delay,
            MissedTickBehavior::Skip,
        ] {
            assert!(behavior.next(due, now, Duration::MAX) > now);
        }
    }
}
