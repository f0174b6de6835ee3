//! Traces for tests, told event by event.

use super::{Finding, FindingKind, find};
use crate::trace::{
    By, Effect, End, Event, Level, PollResult, Ready, Resource, Stop, Strings, TaskKind, Text, Thread,
    ThreadKind, Trace, What, Why,
};

/// A trace at the level `full`, one microsecond per event; its slow polls take ten milliseconds.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) trace: Trace,
    pub(super) now: u64,
    pub(super) thread: u32,
}

pub(super) const MILLISECOND: u64 = 1_000_000;

impl Script {
    pub(super) fn new() -> Self {
        let mut trace = Trace::default();
        trace.meta.level = Some(Level::Full);
        trace.meta.slow_poll_ns = 10 * MILLISECOND;
        trace.strings = Strings::new(vec![String::new()]);
        let thread = |id, name: &str, kind| Thread {
            id,
            name: name.to_owned(),
            kind,
            worker: None,
            os_tid: None,
        };
        trace.threads = vec![
            thread(0, "worker-0", ThreadKind::Worker),
            thread(1, "main", ThreadKind::Other),
        ];
        Self {
            trace,
            now: 0,
            thread: 0,
        }
    }

    pub(super) fn text(&mut self, text: &str) -> Text {
        self.trace.strings.push(text.to_owned())
    }

    /// Adds an event, and says its number.
    pub(super) fn add(&mut self, what: What) -> usize {
        self.now += 1_000;
        self.trace.events.push(Event {
            t: self.now,
            thread: self.thread,
            what,
        });
        self.trace.events.len() - 1
    }

    pub(super) fn wait(&mut self, ns: u64) {
        self.now += ns;
    }

    /// Spawns a task at a line of its own.
    pub(super) fn spawn(&mut self, task: u64, name: &str) -> usize {
        self.spawn_at(task, name, &format!("src/main.rs:{task}"))
    }

    pub(super) fn spawn_at(&mut self, task: u64, name: &str, location: &str) -> usize {
        let (name, location) = (self.text(name), self.text(location));
        self.add(What::Spawn {
            task,
            parent: 0,
            name,
            location,
            kind: TaskKind::Task,
            size: Some(100),
        })
    }

    pub(super) fn start(&mut self, task: u64) -> usize {
        let starts =
            |event: &&Event| matches!(event.what, What::PollStart { task: other, .. } if other == task);
        let n = self.trace.events.iter().filter(starts).count() as u64 + 1;
        self.add(What::PollStart { task, n, queue: None })
    }

    pub(super) fn pending(&mut self, task: u64, wakers: u64) -> usize {
        self.add(What::PollEnd {
            task,
            result: PollResult::Pending,
            wakers,
        })
    }

    pub(super) fn poll(&mut self, task: u64, wakers: u64) -> usize {
        self.start(task);
        self.pending(task, wakers)
    }

    pub(super) fn wake(&mut self, task: u64, by: By) -> usize {
        self.add(What::Wake {
            task,
            by,
            effect: Effect::Scheduled,
        })
    }

    pub(super) fn wake_self(&mut self, task: u64) -> usize {
        self.add(What::Wake {
            task,
            by: By::Task(task),
            effect: Effect::Rescheduled,
        })
    }

    pub(super) fn touch(&mut self, task: u64, resource: Resource, id: u64, is_ready: bool) -> usize {
        self.add(What::Touch {
            task,
            resource,
            id,
            is_ready,
        })
    }

    pub(super) fn drop_future(&mut self, task: u64, resource: Resource, id: u64) -> usize {
        self.add(What::FutureDrop {
            task,
            resource,
            id,
            is_done: false,
        })
    }

    pub(super) fn io_wait(&mut self, source: u64, task: u64) -> usize {
        self.add(What::IoWait {
            source,
            task,
            direction: Ready::Read,
        })
    }

    pub(super) fn io_ready(&mut self, source: u64, waiters: u64) -> usize {
        self.add(What::IoReady {
            source,
            ready: Ready::Read,
            waiters: Some(waiters),
        })
    }

    pub(super) fn end(&mut self, task: u64, how: End) -> usize {
        self.add(What::TaskEnd { task, how })
    }

    pub(super) fn lost(&mut self) -> usize {
        self.add(What::Lost { n: 1 })
    }

    /// The runtime ends, and cancels that task.
    pub(super) fn shutdown(&mut self, task: u64) {
        self.wake(task, By::Runtime(Why::Abort));
        self.end(task, End::Shutdown);
        self.add(What::RuntimeStop { how: Stop::Drop });
    }

    /// What is found of that kind.
    pub(super) fn find(&self, kind: FindingKind) -> Vec<Finding> {
        find(&self.trace)
            .into_iter()
            .filter(|finding| finding.kind == kind)
            .collect()
    }

    /// The tasks of all findings of that kind.
    pub(super) fn tasks(&self, kind: FindingKind) -> Vec<u64> {
        self.find(kind)
            .into_iter()
            .flat_map(|finding| finding.tasks)
            .collect()
    }
}
