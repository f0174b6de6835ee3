//! What tasks and threads are called, and where tasks were spawned.

use std::collections::BTreeMap;

use crate::trace::{TaskKind, Text, Trace, What};

/// The names in a trace.
pub(crate) struct Names<'a> {
    trace: &'a Trace,
    tasks: BTreeMap<u64, Birth>,
}

/// What is known of a task's spawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) name: Text,
    pub(crate) location: Text,
    /// What only the spawn itself says, not a snapshot.
    pub(crate) kind: Option<TaskKind>,
    pub(crate) size: Option<u64>,
    /// The event of the spawn.
    pub(crate) event: Option<usize>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(trace: &'a Trace) -> Self {
        let mut tasks = BTreeMap::new();
        for task in trace.snapshot.iter().flat_map(|snapshot| &snapshot.tasks) {
            let birth = Birth {
                name: task.name,
                location: task.location,
                kind: None,
                size: None,
                event: None,
            };
            tasks.insert(task.task, birth);
        }
        for (index, event) in trace.events.iter().enumerate() {
            if let What::Spawn {
                task,
                name,
                location,
                kind,
                size,
                ..
            } = event.what
            {
                tasks.insert(
                    task,
                    Birth {
                        name,
                        location,
                        kind: Some(kind),
                        size,
                        event: Some(index),
                    },
                );
            }
        }
        Self { trace, tasks }
    }

    /// The tasks whose spawn is known, by number.
    pub(crate) fn births(&self) -> impl Iterator<Item = (u64, Birth)> {
        self.tasks.iter().map(|(&task, &birth)| (task, birth))
    }

    pub(crate) fn birth(&self, task: u64) -> Option<Birth> {
        self.tasks.get(&task).copied()
    }

    /// A task by name and number: `hog #6`.
    pub(crate) fn task(&self, task: u64) -> String {
        match self
            .birth(task)
            .map_or("", |birth| self.trace.strings.get(birth.name))
        {
            "" => format!("task #{task}"),
            name => format!("{name} #{task}"),
        }
    }

    /// The file and line of the spawn; empty if nobody said.
    pub(crate) fn location(&self, task: u64) -> &'a str {
        self.birth(task)
            .map_or("", |birth| self.trace.strings.get(birth.location))
    }

    /// A thread by name.
    pub(crate) fn thread(&self, id: u32) -> String {
        match self.trace.threads.iter().find(|thread| thread.id == id) {
            Some(thread) if !thread.name.is_empty() => thread.name.clone(),
            _ => format!("thread {id}"),
        }
    }
}
