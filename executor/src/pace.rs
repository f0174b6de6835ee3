//! How often a driver with something to run looks at its sockets and timers.

use std::time::{Duration, Instant};

use crate::root::BATCH;

/// When a driver that always has something to run turns its park: after 100 µs, by a clock that is read every 32
/// polls, and at the latest every 256 polls. By time, since a system call per fixed number of polls would cost short
/// polls more than they do; by count as well, since the clock may be slow to move.
#[derive(Default)]
pub(crate) struct Pace {
    /// Polls since the last turn.
    polls: u32,
    /// At how many polls the clock is read next.
    look_at: u32,
    /// When the clock was first read since the last turn.
    since: Option<Instant>,
}

const TURN_AFTER: Duration = Duration::from_micros(100);
const TURN_AFTER_POLLS: u32 = 256;

impl Pace {
    #[inline]
    pub(crate) fn count(&mut self, polls: u32) {
        self.polls += polls;
    }

    #[inline]
    pub(crate) fn turn_is_due(&mut self) -> bool {
        self.look_is_due() && self.look(Instant::now())
    }

    /// After how many polls more the clock is to be read.
    #[inline]
    pub(crate) fn left(&self) -> u32 {
        (self.look_at + BATCH).saturating_sub(self.polls)
    }

    /// Whether the clock is to be read.
    #[inline]
    pub(crate) fn look_is_due(&self) -> bool {
        self.left() == 0
    }

    /// Whether the driver is to be turned, now that the clock was read.
    pub(crate) fn look(&mut self, now: Instant) -> bool {
        self.look_at = self.polls;
        let since = *self.since.get_or_insert(now);
        self.polls >= TURN_AFTER_POLLS || now.duration_since(since) >= TURN_AFTER
    }
}
