//! A future is snoozed: what it waits for woke its task, the task was polled, and the future was not, though it is alive.
//!
//! The name, and how it differs from cancelling and from starving: Jack O'Connor, "Never snooze a future", 2026.
//!
//! It takes for alive what was polled, was not ready and is not known to be dropped.

use std::collections::HashMap;

use super::analysis::{Analysis, count, distinct};
use super::{Finding, FindingKind};
use crate::nanoseconds::Nanoseconds;
use crate::trace::{By, Effect, Event, PollResult, Resource, What};

/// A future that is polled so soon was not snoozed, only polled in its turn.
const SOON: u64 = 100_000_000;

/// What a future waits for.
type Awaited = (Resource, u64);

#[derive(Clone, Copy)]
struct Owed {
    awaited: Awaited,
    task: u64,
    wake: usize,
    /// The end of the first poll since, in which it should have been polled.
    passed: Option<usize>,
}

struct Snoozed {
    owed: Owed,
    passed: usize,
    ns: u64,
}

#[derive(Default)]
struct Search {
    /// Which task polled a future last that is not ready.
    alive: HashMap<Awaited, u64>,
    /// By task.
    owed: HashMap<u64, Vec<Owed>>,
    poll_starts: HashMap<u64, usize>,
    found: Vec<(Owed, u64)>,
}

// BOOK: ch10
pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    if !analysis.is_full() {
        return Vec::new();
    }
    let mut search = Search::default();
    for (index, event) in analysis.trace.events.iter().enumerate() {
        search.follow(index, event);
    }
    let rest: Vec<Owed> = search.owed.into_values().flatten().collect();
    search
        .found
        .extend(rest.into_iter().map(|owed| (owed, analysis.end)));
    let mut snoozed: Vec<Snoozed> = search
        .found
        .into_iter()
        .filter_map(|(owed, until)| {
            let passed = owed.passed?;
            let ns = until.saturating_sub(analysis.trace.events[passed].t);
            let is_whole = !analysis.gaps.touch(analysis.trace.events[owed.wake].t, until);
            (ns >= SOON && is_whole).then_some(Snoozed { owed, passed, ns })
        })
        .collect();
    snoozed.sort_by_key(|snoozed| (std::cmp::Reverse(snoozed.ns), snoozed.owed.wake));
    analysis
        .by_site(snoozed, |snoozed| snoozed.owed.task)
        .iter()
        .map(|group| finding(analysis, group))
        .collect()
}

impl Search {
    fn follow(&mut self, index: usize, event: &Event) {
        match event.what {
            What::Touch {
                task,
                resource,
                id,
                is_ready,
            } => {
                self.settle((resource, id), event.t);
                if !is_ready {
                    self.alive.insert((resource, id), task);
                }
            }
            What::FutureDrop { resource, id, .. } => self.settle((resource, id), event.t),
            What::Wake { task, by, effect } if effect != Effect::Nothing => self.owe(task, by, index),
            What::PollStart { task, .. } => {
                self.poll_starts.insert(task, index);
            }
            What::PollEnd {
                task,
                result: PollResult::Pending,
                ..
            } => {
                let Some(start) = self.poll_starts.remove(&task) else {
                    return;
                };
                for owed in self.owed.get_mut(&task).into_iter().flatten() {
                    if owed.wake < start {
                        owed.passed.get_or_insert(index);
                    }
                }
            }
            What::TaskEnd { task, .. } => {
                let owed = self.owed.remove(&task).unwrap_or_default();
                self.found.extend(owed.into_iter().map(|owed| (owed, event.t)));
            }
            _ => {}
        }
    }

    /// A task was woken for something: it owes a poll to the future that waits for that, if there is one.
    fn owe(&mut self, task: u64, by: By, wake: usize) {
        let awaited = match by {
            By::Io { source, .. } => (Resource::Io, source),
            By::Timer(timer) => (Resource::Timer, timer),
            By::Blocking(job) => (Resource::Job, job),
            By::Task(_) | By::Thread(_) | By::Runtime(_) => return,
        };
        if self.alive.get(&awaited) != Some(&task) {
            return;
        }
        let owed = self.owed.entry(task).or_default();
        if owed.iter().all(|owed| owed.awaited != awaited) {
            owed.push(Owed {
                awaited,
                task,
                wake,
                passed: None,
            });
        }
    }

    /// A future was polled, or is gone: nothing is owed to it.
    fn settle(&mut self, awaited: Awaited, now: u64) {
        let Some(task) = self.alive.remove(&awaited) else {
            return;
        };
        let Some(owed) = self.owed.get_mut(&task) else {
            return;
        };
        if let Some(place) = owed.iter().position(|owed| owed.awaited == awaited) {
            let settled = owed.swap_remove(place);
            if settled.passed.is_some() {
                self.found.push((settled, now));
            }
        }
    }
}

fn finding(analysis: &Analysis<'_>, group: &[Snoozed]) -> Finding {
    let tasks = distinct(group.iter().map(|snoozed| snoozed.owed.task));
    let worst = &group[0];
    let name = analysis.names.task(worst.owed.task);
    let awaited = match worst.owed.awaited {
        (Resource::Io, source) => format!("source {source}"),
        (Resource::Timer, timer) => format!("timer {timer}"),
        (_, job) => format!("job {job}"),
    };
    let others = match group.len() - 1 {
        0 => String::new(),
        more => format!(" It happened {} more.", count(more as u64, "time")),
    };
    Finding {
        kind: FindingKind::Snoozed,
        title: format!(
            "{} left a future unpolled that it was woken for.",
            analysis.tasks(&tasks)
        ),
        events: group
            .iter()
            .flat_map(|snoozed| [snoozed.owed.wake, snoozed.passed])
            .collect(),
        evidence: format!(
            "In event {}, {awaited} woke {name}; the poll that ended in event {} did not poll the future \
             that waits for it, and nothing did for {}.{others}",
            worst.owed.wake,
            worst.passed,
            Nanoseconds(worst.ns)
        ),
        fix: format!(
            "{name}{} keeps a future that it does not poll while it awaits something else: a branch of a \
             select, or an element of a stream of futures. Spawn it as a task, poll both together, or \
             drop it before awaiting.",
            analysis.spawned_at(worst.owed.task)
        ),
        chapter: FindingKind::Snoozed.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::{MILLISECOND, Script};
    use crate::trace::{Level, Ready};

    const BY: By = By::Io {
        source: 9,
        ready: Ready::Read,
    };

    /// A task waits for a source and is woken for it.
    fn woken() -> Script {
        let mut script = Script::new();
        script.spawn(2, "sleepy");
        script.start(2);
        script.touch(2, Resource::Io, 9, false);
        script.pending(2, 1);
        script.wake(2, BY);
        script
    }

    /// It does not poll what waits for the source.
    fn snoozed() -> Script {
        let mut script = woken();
        script.start(2);
        script.touch(2, Resource::Timer, 4, false);
        script.pending(2, 2);
        script
    }

    fn tasks(script: &Script) -> Vec<u64> {
        script.tasks(FindingKind::Snoozed)
    }

    fn later(mut script: Script, ns: u64) -> Script {
        script.wait(ns);
        script.add(What::Mark { task: 0, message: 0 });
        script
    }

    #[test]
    fn a_future_whose_task_was_woken_for_it_and_does_not_poll_it_is_snoozed() {
        let findings = later(snoozed(), SOON).find(FindingKind::Snoozed);
        assert_eq!(findings[0].tasks, [2]);
        assert_eq!(findings[0].events, [4, 7]);
        assert!(
            findings[0]
                .evidence
                .starts_with("In event 4, source 9 woke sleepy #2;"),
            "{}",
            findings[0].evidence
        );
        assert_eq!(findings[0].chapter, "ch10");
    }

    #[test]
    fn so_is_one_that_waits_for_a_timer_or_a_job() {
        for (by, awaited) in [(By::Timer(9), Resource::Timer), (By::Blocking(9), Resource::Job)] {
            let mut script = Script::new();
            script.start(2);
            script.touch(2, awaited, 9, false);
            script.pending(2, 1);
            script.wake(2, by);
            script.poll(2, 1);
            assert_eq!(tasks(&later(script, SOON)), [2]);
        }
    }

    #[test]
    fn one_that_is_polled_soon_is_not() {
        assert!(tasks(&later(snoozed(), SOON - 2_000)).is_empty());
        let mut script = later(snoozed(), SOON / 2);
        script.start(2);
        script.touch(2, Resource::Io, 9, true);
        assert!(tasks(&later(script, SOON)).is_empty());
    }

    #[test]
    fn one_that_is_polled_late_was() {
        let mut script = later(snoozed(), SOON);
        script.start(2);
        script.touch(2, Resource::Io, 9, true);
        assert_eq!(tasks(&script), [2]);
    }

    #[test]
    fn one_that_was_dropped_is_not() {
        let mut script = Script::new();
        script.start(2);
        script.touch(2, Resource::Io, 9, false);
        script.drop_future(2, Resource::Io, 9);
        script.pending(2, 1);
        script.wake(2, BY);
        script.poll(2, 1);
        assert!(tasks(&later(script, SOON)).is_empty());
    }

    #[test]
    fn one_that_is_polled_in_that_poll_is_not() {
        let mut script = woken();
        script.start(2);
        script.touch(2, Resource::Io, 9, false);
        script.pending(2, 1);
        assert!(tasks(&later(script, SOON)).is_empty());
    }

    #[test]
    fn a_task_that_is_not_polled_for_long_does_not_snooze() {
        assert!(tasks(&later(woken(), SOON)).is_empty());
    }

    #[test]
    fn another_tasks_wake_owes_the_future_nothing() {
        let mut script = Script::new();
        script.start(2);
        script.touch(2, Resource::Io, 9, false);
        script.pending(2, 1);
        script.wake(2, By::Task(3));
        script.poll(2, 1);
        assert!(tasks(&later(script, SOON)).is_empty());
    }

    #[test]
    fn where_events_are_missing_and_where_polls_of_futures_are_not_told_nothing_is_claimed() {
        let mut script = later(snoozed(), SOON);
        script.trace.meta.level = Some(Level::Loop);
        assert!(tasks(&script).is_empty());
        let mut script = snoozed();
        script.lost();
        assert!(tasks(&later(script, MILLISECOND + SOON)).is_empty());
    }
}
