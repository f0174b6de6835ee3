//! Waiting until a deadline.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use reveille_context::coop;
use reveille_context::event;

use crate::current;
use crate::fallback;
use crate::instant::Instant;
use crate::registration::Registration;
use crate::shared::Renewed;
use crate::timers::Handle;
use crate::told;

/// Waits until `duration` has passed since this call. Never early; late by a tick (66 µs) and what the thread that
/// keeps the time adds: in a runtime that is idle, up to a millisecond.
///
/// A duration that is too long for the platform's clock, such as `Duration::MAX`, means never.
///
/// **Cancel safety**: safe to drop at any time; the timer is taken out.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Duration, Instant, sleep};
///
/// pollster::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::starting_now(duration, Location::caller())
}

/// Waits until `deadline`, as precisely as [`sleep`] does. One that has passed is ready at once.
///
/// **Cancel safety**: safe to drop at any time; the timer is taken out.
///
/// # Examples
///
/// ```
/// use reveille_timer::{Duration, Instant, sleep_until};
///
/// pollster::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(5);
///     sleep_until(deadline).await;
///     assert!(Instant::now() >= deadline);
/// });
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(deadline, Location::caller())
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It registers at its first poll that has to wait, with the timers of the thread that polls it (outside a runtime,
/// with a thread of the process), and moves along when it is polled elsewhere. When its runtime ends it is woken,
/// and waits elsewhere when polled again. A `Sleep` that is dropped before its first poll has touched nothing.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Sleep {
    deadline: Instant,
    waits: Waits,
    location: &'static Location<'static>,
}

enum Waits {
    Nowhere {
        /// The deadline was found to be in the future when this was made, which is most often just before the first poll:
        /// that one need not read the clock again. Should it have passed meanwhile, the wheel says so at its next turn.
        is_fresh: bool,
    },
    In(Registration),
}

impl Sleep {
    pub(crate) fn new(deadline: Instant, location: &'static Location<'static>) -> Self {
        Self {
            deadline,
            waits: Waits::Nowhere { is_fresh: false },
            location,
        }
    }

    /// For `duration` from now on.
    pub(crate) fn starting_now(duration: Duration, location: &'static Location<'static>) -> Self {
        let mut sleep = Self::new(Instant::now() + duration, location);
        sleep.waits = Waits::Nowhere {
            is_fresh: !duration.is_zero(),
        };
        sleep
    }

    /// When this is ready.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed.
    pub fn is_elapsed(&self) -> bool {
        self.deadline <= Instant::now()
    }

    /// Sets another deadline, before or after the old one has passed. To a later one, this is a store in the wheel.
    ///
    /// The waker of the last poll stays in place; if the old deadline has passed meanwhile it has been woken, and
    /// the sleep must be polled again to wait for the new one.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_timer::{Duration, Instant, sleep};
    ///
    /// pollster::block_on(async {
    ///     let mut idle = sleep(Duration::from_secs(3600));
    ///     let soon = Instant::now() + Duration::from_millis(1);
    ///     idle.reset(soon);
    ///     idle.await;
    ///     assert!(Instant::now() >= soon);
    /// });
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        let still_waits = matches!(&self.waits, Waits::In(registration) if registration.reset(deadline));
        if !still_waits {
            if event::is_full() {
                told::dropped(self.number(), true);
            }
            self.waits = Waits::Nowhere { is_fresh: false };
        }
    }

    /// Names the line that waits from now on.
    pub(crate) fn set_location(&mut self, location: &'static Location<'static>) {
        self.location = location;
    }

    #[cold]
    fn is_over_and_tell(&mut self, waker: &Waker) -> bool {
        // Of one that is over it is gone afterwards.
        let before = self.number();
        let is_over = self.is_over(waker);
        told::touched(if is_over { before } else { self.number() }, is_over);
        is_over
    }

    // BOOK: ch06
    /// Whether the deadline has passed; else sees to it that `waker` is woken then, by the timers of this thread.
    #[inline(always)]
    fn is_over(&mut self, waker: &Waker) -> bool {
        match &mut self.waits {
            Waits::Nowhere { is_fresh } => {
                if !mem::take(is_fresh) && self.is_elapsed() {
                    return true;
                }
                if self.take_over_a_spare_place(waker) {
                    return false;
                }
            }
            Waits::In(registration) => {
                let renewed = match registration.is_current() {
                    true => registration.renew(waker, self.location),
                    false => Renewed::Closed,
                };
                if renewed == Renewed::Fired && registration.is_by_the_machines_clock() {
                    // Which need not be read again.
                    self.waits = Waits::Nowhere { is_fresh: false };
                    return true;
                }
                if self.is_elapsed() {
                    self.deregister();
                    return true;
                }
                if renewed == Renewed::Waits {
                    return false;
                }
            }
        }
        self.register(waker);
        false
    }

    /// Inlined, as what calls it is: once where a recorder is told, and once where none is.
    #[inline(always)]
    fn register(&mut self, waker: &Waker) {
        if let Some(current) = current::get() {
            if self.register_with(current, self.deadline, waker) {
                return;
            }
        }
        // It is never closed. Its clock is the machine's, from which that of a runtime may differ.
        let fallback = fallback::handle();
        let deadline = fallback.clock().as_far_ahead(self.deadline);
        self.register_with(fallback, deadline, waker);
    }

    #[inline(always)]
    fn take_over_a_spare_place(&mut self, waker: &Waker) -> bool {
        let Some(spare) = current::take_spare() else {
            return false;
        };
        let is_there = spare.hand_on(self.deadline, waker, self.location);
        if is_there {
            self.waits = Waits::In(spare);
        }
        is_there
    }

    /// False if the timers are closed.
    fn register_with(&mut self, handle: Handle, deadline: Instant, waker: &Waker) -> bool {
        if let Waits::In(registration) = &self.waits {
            if registration.is_with(&handle) && registration.renew(waker, self.location) == Renewed::Waits {
                return true;
            }
        }
        let Some(registration) = Registration::new(handle, deadline, waker, self.location) else {
            return false;
        };
        // The old place is given up after the new one is taken: no moment without.
        if let Waits::In(old) = mem::replace(&mut self.waits, Waits::In(registration)) {
            old.tell_cancelled();
            old.give_up();
        }
        true
    }

    /// What a recorder knows its timer by; zero while it has none.
    fn number(&self) -> u64 {
        match &self.waits {
            Waits::In(registration) => registration.number(),
            Waits::Nowhere { .. } => 0,
        }
    }

    fn deregister(&mut self) {
        if let Waits::In(registration) = mem::replace(&mut self.waits, Waits::Nowhere { is_fresh: false }) {
            current::leave(registration);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        let is_over = if event::is_full() {
            self.is_over_and_tell(cx.waker())
        } else {
            self.is_over(cx.waker())
        };
        if is_over {
            progress.made();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if event::is_full() {
            told::dropped(self.number(), matches!(self.waits, Waits::Nowhere { .. }));
        }
        self.deregister();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("location", &format_args!("{}", self.location))
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(any(loom, shuttle)), target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_at_most_forty_bytes() {
        assert!(size_of::<Sleep>() <= 40, "{}", size_of::<Sleep>());
    }
}
