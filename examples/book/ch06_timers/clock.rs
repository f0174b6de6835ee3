//! What time it is: by the machine, or by a clock that stands until it is moved.

use std::time::{Duration, Instant};

// ANCHOR: clock
/// Time since the clock was made, counted in ticks of a millisecond.
pub(crate) enum Clock {
    OfTheMachine { start: Instant },
    Standing { at: Duration },
}

impl Clock {
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::OfTheMachine { start } => start.elapsed(),
            Self::Standing { at } => *at,
        }
    }

    /// The tick that has begun by now.
    pub(crate) fn tick(&self) -> u64 {
        self.now().as_millis() as u64
    }
}

/// The first tick that does not begin before `deadline`. Rounded up, while the present is rounded down: a timer may be
/// late, by a tick, but never early.
pub(crate) fn tick_of(deadline: Duration) -> u64 {
    deadline.as_nanos().div_ceil(NANOSECONDS) as u64
}
// ANCHOR_END: clock

impl Clock {
    pub(crate) fn of_the_machine() -> Self {
        Self::OfTheMachine {
            start: Instant::now(),
        }
    }

    pub(crate) fn standing() -> Self {
        Self::Standing { at: Duration::ZERO }
    }
}

/// Those of a tick.
const NANOSECONDS: u128 = 1_000_000;
