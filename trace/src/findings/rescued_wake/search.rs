//! Goes through a trace for sources that became ready and woke nobody.

use std::collections::HashMap;

use crate::trace::{By, Effect, Event, PollResult, Ready, Resource, What};

/// Who waits for a source.
#[derive(Clone, Copy)]
pub(super) struct Waiter {
    pub(super) task: u64,
    pub(super) since: u64,
    /// For which direction, if that is known.
    direction: Option<Ready>,
}

/// A source that was ready, for all that its waiter knew.
#[derive(Clone, Copy)]
pub(super) struct Missed {
    pub(super) waiter: Waiter,
    pub(super) source: u64,
    pub(super) ready: usize,
    /// The thread that woke whom it wanted to wake.
    thread: u32,
    /// Whether that thread has gone on to something else.
    is_over: bool,
    /// The wake that led to a poll all the same, and where that poll found the source ready.
    pub(super) wake: Option<usize>,
    pub(super) found: Option<(usize, u64)>,
}

#[derive(Default)]
pub(super) struct Search {
    /// For which direction a task waits at a source, as far as its last poll said so.
    directions: HashMap<(u64, u64), Ready>,
    waiters: HashMap<u64, Waiter>,
    /// Which tasks wait, and have not been woken since their last poll began.
    idle: HashMap<u64, bool>,
    /// By source.
    missed: HashMap<u64, Missed>,
    pub(super) rescued: Vec<Missed>,
}

impl Search {
    pub(super) fn follow(&mut self, index: usize, event: &Event) {
        match event.what {
            What::IoWait {
                source,
                task,
                direction,
            } => {
                let known = self.directions.entry((source, task)).or_insert(direction);
                if *known != direction {
                    *known = Ready::Both;
                }
            }
            What::Touch {
                task,
                resource: Resource::Io,
                id,
                is_ready,
            } => self.touch(id, task, is_ready, index, event.t),
            What::FutureDrop {
                task,
                resource: Resource::Io,
                id,
                ..
            } => {
                self.directions.remove(&(id, task));
                self.forget(id);
            }
            What::IoDeregister { source } => self.forget(source),
            What::IoReady { source, ready, .. } => self.ready(source, ready, index, event.thread),
            What::Wake { task, by, effect } if effect != Effect::Nothing => self.wake(task, by, index),
            What::PollStart { task, .. } => {
                self.idle.insert(task, true);
                self.goes_on(event.thread);
            }
            What::PollEnd { task, result, .. } if result != PollResult::Pending => {
                self.idle.remove(&task);
            }
            What::Park { .. } => self.goes_on(event.thread),
            _ => {}
        }
    }

    fn touch(&mut self, source: u64, task: u64, is_ready: bool, index: usize, t: u64) {
        let direction = self.directions.remove(&(source, task));
        self.waiters.remove(&source);
        let missed = self
            .missed
            .get_mut(&source)
            .filter(|missed| missed.waiter.task == task);
        match missed {
            Some(missed) if is_ready && missed.wake.is_some() => {
                missed.found.get_or_insert((index, t));
            }
            _ => {
                self.missed.remove(&source);
            }
        }
        self.settle(source);
        if !is_ready {
            self.waiters.insert(
                source,
                Waiter {
                    task,
                    since: t,
                    direction,
                },
            );
        }
    }

    fn ready(&mut self, source: u64, ready: Ready, index: usize, thread: u32) {
        let Some(&waiter) = self.waiters.get(&source) else {
            return;
        };
        let is_for = match waiter.direction {
            Some(Ready::Read) => ready != Ready::Write,
            Some(Ready::Write) => ready != Ready::Read,
            None => true,
            // It waits for both, with two futures perhaps.
            Some(_) => false,
        };
        if is_for && self.idle.get(&waiter.task) == Some(&true) {
            let missed = Missed {
                waiter,
                source,
                ready: index,
                thread,
                is_over: false,
                wake: None,
                found: None,
            };
            self.missed.entry(source).or_insert(missed);
        }
    }

    fn wake(&mut self, task: u64, by: By, index: usize) {
        self.idle.insert(task, false);
        for missed in self
            .missed
            .values_mut()
            .filter(|missed| missed.waiter.task == task)
        {
            missed.wake.get_or_insert(index);
        }
        // It was not missed, though its wake came late.
        if let By::Io { source, .. } = by {
            if self
                .missed
                .get(&source)
                .is_some_and(|missed| missed.waiter.task == task)
            {
                self.missed.remove(&source);
            }
        }
    }

    /// A thread has woken all whom it wanted to wake.
    fn goes_on(&mut self, thread: u32) {
        let sources: Vec<u64> = self
            .missed
            .values()
            .filter(|missed| missed.thread == thread)
            .map(|missed| missed.source)
            .collect();
        for source in sources {
            if let Some(missed) = self.missed.get_mut(&source) {
                missed.is_over = true;
            }
            self.settle(source);
        }
    }

    fn settle(&mut self, source: u64) {
        if self
            .missed
            .get(&source)
            .is_some_and(|missed| missed.is_over && missed.found.is_some())
        {
            self.rescued.extend(self.missed.remove(&source));
        }
    }

    /// Nobody waits for that source any more.
    fn forget(&mut self, source: u64) {
        self.waiters.remove(&source);
        if self
            .missed
            .get(&source)
            .is_some_and(|missed| missed.found.is_none())
        {
            self.missed.remove(&source);
        }
    }
}
