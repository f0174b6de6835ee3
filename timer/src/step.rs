//! How a clock that stands is moved on, from deadline to deadline.

use std::task::Waker;

use crate::clock::Clock;
use crate::instant::Instant;
use crate::timers::Handle;

impl Clock {
    // BOOK: ch06
    /// Moves this clock, which stands, on to the earliest deadline of `timers`, all of which go by it, but not beyond
    /// `limit`; and the wakers of everything that is due then to `woken`, the earliest first. True if it found any: let
    /// whoever they wake come to rest before the next step. False if there is no deadline up to the limit, or the
    /// clock goes; then it is where it was.
    ///
    /// What is due already comes without any move.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    /// use reveille_timer::{Clock, Duration, Timers, sleep};
    ///
    /// let clock = Clock::new_paused();
    /// let timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
    /// let _entered = timers.handle().enter();
    ///
    /// let start = clock.now();
    /// let mut sleep = pin!(sleep(Duration::from_secs(24 * 60 * 60)));
    /// let mut context = Context::from_waker(Waker::noop());
    /// assert!(sleep.as_mut().poll(&mut context).is_pending());
    ///
    /// let mut woken = Vec::new();
    /// assert!(clock.step(&[timers.handle()], None, &mut woken));
    /// assert_eq!((clock.now() - start, woken.len()), (Duration::from_secs(24 * 60 * 60), 1));
    /// assert!(sleep.as_mut().poll(&mut context).is_ready());
    /// assert!(!clock.step(&[timers.handle()], None, &mut woken));
    /// ```
    pub fn step(&self, timers: &[Handle], limit: Option<Instant>, woken: &mut Vec<Waker>) -> bool {
        if !self.is_paused() {
            return false;
        }
        let before = woken.len();
        while woken.len() == before {
            let Some(tick) = timers.iter().filter_map(Handle::next_tick).min() else {
                return false;
            };
            // What ends within the tick of the limit is due there, if the limit is still ahead: where ticks are long, it
            // is rounded up to the next one.
            let now = self.now();
            let last = match limit {
                Some(limit) if limit > now => self.tick_of(limit),
                Some(_) => self.current_tick(),
                None => u64::MAX,
            };
            if tick > last {
                return false;
            }
            for timers in timers {
                timers.fire(tick, woken);
            }
            // A stop of the wheel alone, which sorts its entries anew, is none of the clock.
            if woken.len() > before {
                let then = self.instant_of(tick);
                self.advance_to(limit.map_or(then, |limit| then.min(limit.max(now))));
            }
        }
        true
    }
}
