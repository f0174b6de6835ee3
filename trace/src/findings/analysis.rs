//! What all findings are made from.

use std::collections::{BTreeMap, HashSet};

use super::polls::{self, Poll};
use crate::gaps::Gaps;
use crate::names::Names;
use crate::spans::last_time;
use crate::trace::{Level, Trace};

pub(super) struct Analysis<'a> {
    pub(super) trace: &'a Trace,
    pub(super) names: Names<'a>,
    pub(super) gaps: Gaps,
    /// By when they began.
    pub(super) polls: Vec<Poll>,
    /// The time of the last event.
    pub(super) end: u64,
}

impl<'a> Analysis<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        Self {
            trace,
            names: Names::of(trace),
            gaps: Gaps::of(trace),
            polls: polls::polls(trace),
            end: last_time(trace),
        }
    }

    /// Whether what tasks wait for, and what is polled in them, was recorded.
    pub(super) fn is_full(&self) -> bool {
        self.trace.meta.level == Some(Level::Full)
    }

    /// Puts together the cases whose tasks were spawned by the same line, in the order in which these lines come first.
    pub(super) fn by_site<T>(&self, cases: Vec<T>, task: impl Fn(&T) -> u64) -> Vec<Vec<T>> {
        let mut groups: Vec<Vec<T>> = Vec::new();
        let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
        for case in cases {
            match self.names.location(task(&case)) {
                "" => groups.push(vec![case]),
                site => {
                    let group = *sites.entry(site).or_insert(groups.len());
                    if group == groups.len() {
                        groups.push(Vec::new());
                    }
                    groups[group].push(case);
                }
            }
        }
        groups
    }

    /// Some tasks of one line: `hog #6`, or `hog #6 and 2 more tasks of src/main.rs:7:5`.
    pub(super) fn tasks(&self, tasks: &[u64]) -> String {
        let first = tasks
            .first()
            .map_or_else(String::new, |&task| self.names.task(task));
        match (
            tasks.len().saturating_sub(1),
            tasks.first().map_or("", |&task| self.names.location(task)),
        ) {
            (0, _) => first,
            (more, "") => format!("{first} and {}", count(more as u64, "more task")),
            (more, site) => format!("{first} and {} of {site}", count(more as u64, "more task")),
        }
    }

    /// Where a task was spawned, to end a sentence with: ` (spawned at src/main.rs:7:5)`; empty if nobody said.
    pub(super) fn spawned_at(&self, task: u64) -> String {
        match self.names.location(task) {
            "" => String::new(),
            site => format!(" (spawned at {site})"),
        }
    }
}

/// A number of things: `1 poll`, `2 polls`.
pub(super) fn count(n: u64, thing: &str) -> String {
    match n {
        1 => format!("1 {thing}"),
        _ => format!("{n} {thing}s"),
    }
}

/// Each of these tasks once, in the order in which they come first.
pub(super) fn distinct(tasks: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut seen = HashSet::new();
    tasks.filter(|&task| seen.insert(task)).collect()
}
