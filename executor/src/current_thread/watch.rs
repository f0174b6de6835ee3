//! What a driver makes of the clock: which poll took long.
//!
//! To read the clock takes about as long as a short poll, so it is not read between any two. It is read when the driver
//! sleeps, and else after a *stretch* of polls: of one for the first eight after a sleep, then of two, four, and so on to 32 while
//! it takes less than a ten-thousandth of the threshold (ten microseconds, by default), and of half as many if it takes more than
//! twice that; of one for a while after a poll that took long.
//!
//! Who was polled in the stretch is kept. If it took longer than the threshold it was the one, or one of a few.

use std::mem;
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
    /// How many polls there were since.
    polls: usize,
    /// Who was polled, and how many of these there are: one that was polled several times in a row is noted once.
    polled: [Option<Polled>; LONGEST],
    noted: usize,
    /// How many of them were a root's.
    roots: usize,
    /// After how many polls the clock is read.
    stretch: usize,
    /// How often it was read since a sleep, up to so many.
    looks: usize,
    /// How many more polls are looked at one by one, because one of those before took long.
    closely: usize,
    /// In nanoseconds, as what follows: a look comes after each sleep, and should not divide.
    threshold: u64,
    /// A stretch that takes less than this is to be a longer one.
    worth_a_look: u64,
    reports: Reports,
}

/// What is kept of a poll, as the task may be gone after it.
#[derive(Clone, Copy)]
struct Polled {
    task: TaskId,
    place: Place,
    spawned_at: &'static Location<'static>,
}

/// The longest stretch; a power of two.
const LONGEST: usize = BATCH as usize;

/// After a sleep so many polls are timed one by one: a program that does little at a time is told which task it was.
const LOOKS_ONE_BY_ONE: usize = 8;

/// After a poll that took long so many are timed one by one, so that the next time the task is known: a tenth of a
/// millisecond at the most.
const CLOSELY: usize = 4096;

/// What takes this part of the threshold is worth a look at the clock: ten microseconds, by default, of which that is a
/// three-hundredth.
const WORTH_A_LOOK: u32 = 10_000;

impl Polled {
    fn suspect(&self, home: &Home) -> Suspect {
        let (id, place) = (self.task.get(), self.place);
        let local = || local::current_entry()?.owned().info(place, id);
        let info = home.owned.info(place, id).or_else(local);
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
            polls: 0,
            polled: [None; LONGEST],
            noted: 0,
            roots: 0,
            stretch: 1,
            looks: 0,
            closely: 0,
            threshold: nanoseconds(config.slow_poll_threshold),
            worth_a_look: nanoseconds(config.slow_poll_threshold / WORTH_A_LOOK),
            reports: Reports::new(config),
        }
    }

    /// A poll begins.
    #[inline]
    pub(super) fn note(&mut self, task: &Runnable) {
        self.keep(Polled {
            task: task.id(),
            place: task.place(),
            spawned_at: task.location(),
        });
    }

    /// A poll begins of the task that was noted last.
    #[inline]
    pub(super) fn note_again(&mut self) {
        self.polls += 1;
    }

    /// A poll begins of the future of the `block_on` that was called there.
    pub(super) fn note_root(&mut self, id: TaskId, called_at: &'static Location<'static>) {
        self.roots += 1;
        self.keep(Polled {
            task: id,
            place: NOWHERE,
            spawned_at: called_at,
        });
    }

    #[inline]
    fn keep(&mut self, polled: Polled) {
        self.polled[self.noted % LONGEST] = Some(polled);
        self.noted += 1;
        self.polls += 1;
    }

    /// Whether the clock is to be read after this poll.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.polls >= self.stretch
    }

    /// Whether it was read after the last poll.
    pub(super) fn is_fresh(&self) -> bool {
        self.polls == 0
    }

    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }

    /// The clock was read after a stretch of polls. How many they were, those of roots excepted.
    pub(super) fn look(&mut self, now: Instant, home: &Home) -> u64 {
        let elapsed = now.saturating_duration_since(self.read_at);
        let polls = mem::take(&mut self.polls);
        let noted = mem::take(&mut self.noted);
        self.read_at = now;
        self.closely = self.closely.saturating_sub(polls);
        let long = nanoseconds(elapsed);
        if long >= self.threshold {
            self.closely = CLOSELY;
            self.report(noted, elapsed, home);
        }
        self.looks = (self.looks + 1).min(LOOKS_ONE_BY_ONE);
        if self.closely > 0 || self.looks < LOOKS_ONE_BY_ONE {
            self.stretch = 1;
        } else if long < self.worth_a_look {
            self.stretch = (self.stretch * 2).min(LONGEST);
        } else if long / 2 > self.worth_a_look {
            self.stretch = (self.stretch / 2).max(1);
        }
        (polls - mem::take(&mut self.roots)) as u64
    }

    /// The clock was read after something else than polls.
    pub(super) fn skip(&mut self, now: Instant) {
        self.read_at = now;
    }

    /// As [`skip`](Self::skip), after a sleep: the next polls may be looked at closely.
    pub(super) fn wake_up(&mut self, now: Instant) {
        self.skip(now);
        self.stretch = 1;
        self.looks = 0;
    }

    #[cold]
    fn report(&mut self, noted: usize, elapsed: Duration, home: &Home) {
        let mut suspects: Vec<Suspect> = Vec::new();
        for polled in self.polled.iter().take(noted).flatten() {
            if !suspects.iter().any(|suspect| suspect.task == polled.task) {
                suspects.push(polled.suspect(home));
            }
        }
        if suspects.is_empty() {
            return;
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

/// As much as fits: five hundred years.
fn nanoseconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos().into())
}
