//! What the threads told, put together: from slots to the events of a trace.
//!
//! 1. What one thread told is taken apart: texts are joined to the events that they belong to, and a wake-up comes before what it was
//!    for, which the thread could tell only while it woke up.
//! 2. All of it is put into one order: by time, then by thread, then as the thread told it.
//! 3. Each slot becomes an event, with what only the whole can know: the number of a poll, the length of a queue, the number that a
//!    source or a timer has in this trace.

mod events;
mod names;
mod thread;

use std::panic::Location;

use crate::recorder::Told;
use crate::state::{Stage, State, Task};
use crate::trace::{Event, Snapshot, Strings, What};
use events::Numbers;
use names::Names;
use thread::{Item, Threads};

/// Puts together what is told bit by bit.
pub(crate) struct Decoder {
    threads: Threads,
    names: Names,
    numbers: Numbers,
    /// After the last event.
    state: State,
    slow_poll_ns: u64,
    /// Whether what is missing is told where it is, and not by where the trace begins.
    tells_loss: bool,
}

/// Finds a place in the source by its number.
pub(crate) type Locate<'a> = &'a dyn Fn(u64) -> Option<&'static Location<'static>>;

impl Decoder {
    /// Times count from `began`.
    pub(crate) fn new(slow_poll_ns: u64, began: u64) -> Self {
        Self {
            threads: Threads::new(began),
            names: Names::default(),
            numbers: Numbers::default(),
            state: State::new(None),
            slow_poll_ns,
            tells_loss: false,
        }
    }

    /// All that was told up to a time: from one on from which nothing is missing, and how things stood then, if anything is missing
    /// before. Rings are read one after the other: up to the time when the first was begun to be read, all is there.
    pub(crate) fn whole(
        &mut self,
        told: &[Told],
        until: u64,
        locate: Locate<'_>,
    ) -> (Option<Snapshot>, Vec<Event>) {
        let since = told
            .iter()
            .filter(|told| told.lost > 0)
            .filter_map(|told| self.threads.first_of(told))
            .max();
        let items = self.threads.items(told, until);
        let Some(since) = since else {
            return (None, self.events(items, locate));
        };
        let first = items.partition_point(|item| item.slot.at < since);
        let before = self.events(items[..first].to_vec(), locate);
        drop(before);
        self.state.t = since;
        self.infer(&items[first..], since);
        let unknown = self.names.text("");
        let snapshot = self.state.snapshot(unknown);
        // What is certain of it is so from here on.
        self.state = State::new(Some(&snapshot));
        (Some(snapshot), self.events(items[first..].to_vec(), locate))
    }

    /// What was told since the last call, as far as nothing older can come: up to `until`.
    pub(crate) fn more(&mut self, told: &[Told], until: u64, locate: Locate<'_>) -> Vec<Event> {
        self.tells_loss = true;
        let items = self.threads.items_until(told, until);
        let events = self.events(items, locate);
        self.state.forget_done();
        events
    }

    pub(crate) fn strings(&self) -> &Strings {
        self.names.strings()
    }

    /// How everything stands after what was put together last.
    pub(crate) fn into_state(self) -> State {
        self.state
    }

    fn events(&mut self, items: Vec<Item>, locate: Locate<'_>) -> Vec<Event> {
        let mut events = Vec::with_capacity(items.len());
        for item in items {
            let (t, thread) = (item.slot.at, item.thread);
            let lost = (self.tells_loss && item.lost > 0).then_some(What::Lost { n: item.lost });
            let what = self.numbers.event(&item, &self.state, &mut self.names, locate);
            let slow = what.as_ref().and_then(|what| self.slow_poll(what, t));
            for what in [lost, what, slow].into_iter().flatten() {
                let event = Event { t, thread, what };
                self.state.apply(&event);
                events.push(event);
            }
        }
        events
    }

    /// What is to be said besides, if a poll ends that took too long.
    fn slow_poll(&self, what: &What, now: u64) -> Option<What> {
        let What::PollEnd { task, .. } = *what else {
            return None;
        };
        let polled = self.state.tasks.get(&task)?;
        let ns = now.saturating_sub(polled.since);
        (polled.stage == Stage::Running && ns >= self.slow_poll_ns).then_some(What::SlowPoll { task, ns })
    }

    /// Makes known the tasks that turn up in `items` though nothing was heard of them before: what happens to one first tells how it
    /// stood.
    fn infer(&mut self, items: &[Item], since: u64) {
        for item in items {
            let Some((task, stage)) = item.first_sight() else {
                continue;
            };
            let thread = (stage == Stage::Running).then_some(item.thread);
            self.state.tasks.entry(task).or_insert_with(|| {
                if let Some(thread) = thread {
                    self.state.polled.entry(thread).or_default().push(task);
                }
                Task {
                    stage,
                    thread,
                    ..Task::unknown(since)
                }
            });
        }
    }
}
