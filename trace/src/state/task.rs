//! One task of a [`State`](super::State).

use crate::trace::{Effect, End, PollResult, Queue, Resource, TaskKind, Text, What};

/// Where a task stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It was spawned and never queued.
    New,
    /// It is in a run queue, or on its way there.
    Queued,
    /// It is polled.
    Running,
    /// It waits to be woken.
    #[default]
    Idle,
    /// It is over.
    Done,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Its name, if its spawn is known; and so are the next four.
    pub name: Option<Text>,
    /// Where it was spawned.
    pub location: Option<Text>,
    /// The task that spawned it, or 0.
    pub parent: u64,
    /// What kind of future it is.
    pub kind: TaskKind,
    /// How many bytes its future has.
    pub size: Option<u64>,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub since: u64,
    /// The thread that polls it.
    pub thread: Option<u32>,
    /// The queue it is in.
    pub queue: Option<Queue>,
    /// How it ended.
    pub end: Option<End>,
    /// When it was spawned.
    pub spawned: Option<u64>,
    /// How often it was polled.
    pub polls: u64,
    /// How often it was woken.
    pub wakes: u64,
    /// How many of these wakes it made itself.
    pub self_wakes: u64,
    /// How many wakers it has that somebody may call.
    pub wakers: u64,
    /// Its longest poll, in nanoseconds.
    pub longest_poll: u64,
    /// What it said that it waits for.
    pub waits: Vec<Wait>,
    /// Its times up to `counted`.
    pub(crate) times: Times,
    pub(crate) counted: u64,
    pub(crate) is_rescheduled: bool,
    /// Where it is among the waiters.
    pub(crate) sources: Vec<u64>,
    /// Whether `wakers` was told, and nothing is missing since.
    pub(crate) are_wakers_known: bool,
}

/// How long a task was in which stages, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// In its polls.
    pub busy: u64,
    /// From when it could run until it did.
    pub scheduled: u64,
    /// Waiting to be woken.
    pub idle: u64,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Of which kind it is.
    pub resource: Resource,
    /// Its number.
    pub id: u64,
    /// The task on whom it depends.
    pub peer: Option<u64>,
}

impl Task {
    /// Its times up to `now`.
    pub fn times(&self, now: u64) -> Times {
        let mut times = self.times;
        let place = match self.stage {
            Stage::New | Stage::Queued => &mut times.scheduled,
            Stage::Running => &mut times.busy,
            Stage::Idle => &mut times.idle,
            Stage::Done => return times,
        };
        *place = place.saturating_add(now.saturating_sub(self.counted));
        times
    }

    /// One of which nothing was heard before `now`.
    pub(crate) fn unknown(now: u64) -> Self {
        Self {
            since: now,
            counted: now,
            ..Self::default()
        }
    }

    pub(super) fn spawned(spawn: &What, now: u64) -> Self {
        let mut task = Self {
            stage: Stage::New,
            spawned: Some(now),
            ..Self::unknown(now)
        };
        if let What::Spawn {
            parent,
            name,
            location,
            kind,
            size,
            ..
        } = *spawn
        {
            (task.name, task.location) = (Some(name), Some(location));
            (task.parent, task.kind, task.size) = (parent, kind, size);
        }
        task
    }

    pub(super) fn enqueue(&mut self, queue: Queue, now: u64) {
        self.queue = Some(queue);
        if self.stage == Stage::Running {
            // It is queued already, and stays on its thread until its poll ends.
            self.is_rescheduled = true;
        } else {
            self.enter(Stage::Queued, now);
        }
    }

    pub(super) fn poll_start(&mut self, thread: u32, now: u64) {
        self.enter(Stage::Running, now);
        self.end = None;
        self.thread = Some(thread);
        self.polls = self.polls.saturating_add(1);
        self.is_rescheduled = false;
    }

    pub(super) fn poll_end(&mut self, result: PollResult, wakers: u64, now: u64) {
        if self.stage == Stage::Running {
            self.longest_poll = self.longest_poll.max(now.saturating_sub(self.since));
        }
        self.set_wakers(wakers);
        let next = match result {
            PollResult::Pending if self.is_rescheduled => Stage::Queued,
            PollResult::Pending => Stage::Idle,
            PollResult::Ready | PollResult::Panic => Stage::Done,
        };
        self.is_rescheduled = false;
        self.enter(next, now);
    }

    pub(super) fn wake(&mut self, is_own: bool, effect: Effect) {
        self.wakes = self.wakes.saturating_add(1);
        self.self_wakes = self.self_wakes.saturating_add(u64::from(is_own));
        self.is_rescheduled |= effect == Effect::Rescheduled && self.stage == Stage::Running;
    }

    pub(super) fn finish(&mut self, how: End, now: u64) {
        self.enter(Stage::Done, now);
        self.end = Some(how);
        self.is_rescheduled = false;
    }

    pub(super) fn set_wakers(&mut self, wakers: u64) {
        self.wakers = wakers;
        self.are_wakers_known = true;
    }

    /// Events are missing: one of them may have told of another waker.
    pub(super) fn doubt_wakers(&mut self) {
        self.are_wakers_known = false;
    }

    pub(super) fn wait(&mut self, wait: Wait) {
        self.wait_no_more(wait.resource, wait.id);
        self.waits.push(wait);
    }

    pub(super) fn wait_no_more(&mut self, resource: Resource, id: u64) {
        self.waits
            .retain(|wait| (wait.resource, wait.id) != (resource, id));
    }

    pub(super) fn wait_among_others(&mut self, source: u64) {
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    /// It waits for nothing from now on. Gives back the sources where it is among the waiters.
    pub(super) fn end_waits(&mut self) -> Vec<u64> {
        self.waits.clear();
        std::mem::take(&mut self.sources)
    }

    pub(super) fn enter(&mut self, stage: Stage, now: u64) {
        self.times = self.times(now);
        self.counted = now;
        if self.stage != stage {
            self.stage = stage;
            self.since = now;
        }
    }
}
