//! What a driver makes of the clock: which poll took long.
//!
//! To read the clock takes about as long as a short poll, so it is not read between any two. It is read when the driver
//! sleeps, and else after a *stretch* of polls: of one after a sleep, then of two, four, and so on to 32 while the polls
//! are short; of one as long as they take more than a microsecond or so each, which is then next to nothing of it.
//! Who was polled in the stretch is kept. If it took longer than the threshold it was the one, or one of a few.

use std::panic::Location;
use std::time::{Duration, Instant};

use reveille_context::task::TaskId;

use crate::config::Config;
use crate::home::Home;
use crate::local;
use crate::root::BATCH;
use crate::slow_poll::{Reports, SlowPoll, Suspect};
use crate::task::{NOWHERE, Place, Runnable};

/// From the last reading of the clock to the next.
pub(super) struct Watch {
    read_at: Instant,
    /// Who was polled since.
    polled: Vec<Polled>,
    /// After how many polls the clock is read.
    stretch: usize,
    threshold: Duration,
    reports: Reports,
}

/// What is kept of a poll, as the task may be gone after it.
pub(super) struct Polled {
    task: TaskId,
    place: Place,
    spawned_at: &'static Location<'static>,
}

/// A poll that takes so long is worth a look at the clock.
const WORTH_A_LOOK: Duration = Duration::from_micros(1);

impl Polled {
    #[inline]
    pub(super) fn task(task: &Runnable) -> Self {
        Self {
            task: task.id(),
            place: task.place(),
            spawned_at: task.location(),
        }
    }

    /// The future of the `block_on` that was called there.
    pub(super) fn root(id: TaskId, called_at: &'static Location<'static>) -> Self {
        Self {
            task: id,
            place: NOWHERE,
            spawned_at: called_at,
        }
    }

    fn suspect(&self, home: &Home) -> Suspect {
        let id = self.task.get();
        let local = || local::current_entry()?.owned().info(self.place, id);
        let info = home.owned.info(self.place, id).or_else(local);
        Suspect {
            task: self.task,
            name: info.and_then(|info| info.name),
            spawned_at: self.spawned_at,
        }
    }
}

impl Watch {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            read_at: Instant::now(),
            polled: Vec::with_capacity(BATCH as usize),
            stretch: 1,
            threshold: config.slow_poll_threshold,
            reports: Reports::new(config),
        }
    }

    /// A poll begins.
    #[inline]
    pub(super) fn note(&mut self, polled: Polled) {
        self.polled.push(polled);
    }

    /// Whether the clock is to be read after this poll.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.polled.len() >= self.stretch
    }

    /// Whether it was read after the last poll.
    pub(super) fn is_fresh(&self) -> bool {
        self.polled.is_empty()
    }

    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }

    /// The clock was read after a stretch of polls.
    pub(super) fn look(&mut self, now: Instant, home: &Home) {
        let elapsed = now.saturating_duration_since(self.read_at);
        let polls = self.polled.len();
        let is_long = elapsed > WORTH_A_LOOK * polls as u32;
        self.stretch = if is_long {
            1
        } else {
            (self.stretch * 2).min(BATCH as usize)
        };
        if elapsed >= self.threshold && polls > 0 {
            self.report(elapsed, home);
        }
        self.polled.clear();
        self.read_at = now;
    }

    /// The clock was read after something else than polls.
    pub(super) fn skip(&mut self, now: Instant) {
        self.read_at = now;
    }

    /// As [`skip`](Self::skip), after a sleep: the next polls may be looked at closely.
    pub(super) fn wake_up(&mut self, now: Instant) {
        self.skip(now);
        self.stretch = 1;
    }

    #[cold]
    fn report(&mut self, elapsed: Duration, home: &Home) {
        let mut suspects: Vec<Suspect> = Vec::new();
        for polled in self.polled.drain(..) {
            if !suspects.iter().any(|suspect| suspect.task == polled.task) {
                suspects.push(polled.suspect(home));
            }
        }
        let first = suspects.remove(0);
        self.reports.report(&SlowPoll {
            task: first.task,
            name: first.name,
            spawned_at: first.spawned_at,
            worker: 0,
            elapsed,
            has_ended: true,
            others: suspects,
        });
    }
}
