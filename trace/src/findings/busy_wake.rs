//! A task is polled again and again with nothing to do: nearly all its polls return Pending and poll no future of ours.
//!
//! A task whose futures are not ours, such as channels, is polled like that too while all is well with it. So those
//! polls alone count that nothing but the task itself or a source, timer or job of ours asked for; and a task of
//! which `self-wake` is found is left to that.

use std::collections::BTreeMap;

use super::analysis::Analysis;
use super::polls::{Poll, PollEnd};
use super::{Finding, FindingKind, self_wake};
use crate::trace::{By, PollResult, What};

/// Of fewer polls nothing is said.
const POLLS: usize = 10;

struct Busy {
    task: u64,
    polls: usize,
    idle: Vec<usize>,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    if !analysis.is_full() {
        return Vec::new();
    }
    let spins = self_wake::spins(analysis);
    let mut tasks: BTreeMap<u64, Busy> = BTreeMap::new();
    for poll in &analysis.polls {
        let task = tasks.entry(poll.task).or_insert_with(|| Busy {
            task: poll.task,
            polls: 0,
            idle: Vec::new(),
        });
        task.polls += 1;
        if is_idle(analysis, poll) {
            task.idle.push(poll.start);
        }
    }
    let is_busy =
        |busy: &Busy| busy.polls >= POLLS && busy.idle.len() * 10 >= busy.polls * 9 && !spins(busy.task);
    let mut busy: Vec<Busy> = tasks.into_values().filter(is_busy).collect();
    busy.sort_by_key(|busy| std::cmp::Reverse(busy.idle.len()));
    analysis
        .by_site(busy, |busy| busy.task)
        .iter()
        .map(|group| finding(analysis, group))
        .collect()
}

/// Whether a poll did nothing, as far as anybody can see, and nobody asked for it who can not be seen.
fn is_idle(analysis: &Analysis<'_>, poll: &Poll) -> bool {
    let is_seen = |&wake: &usize| match analysis.trace.events[wake].what {
        What::Wake { by: By::Task(by), .. } => by == poll.task,
        What::Wake { by, .. } => matches!(by, By::Io { .. } | By::Timer(_) | By::Blocking(_)),
        _ => false,
    };
    // The first poll of a task, for one, has no wake before it.
    let since = poll.wakes.first().map(|&wake| analysis.trace.events[wake].t);
    matches!(poll.end, PollEnd::Known(_, PollResult::Pending))
        && !poll.has_touch
        && poll.wakes.iter().all(is_seen)
        && since.is_some_and(|since| !analysis.gaps.touch(since, poll.to))
}

fn finding(analysis: &Analysis<'_>, group: &[Busy]) -> Finding {
    let tasks: Vec<u64> = group.iter().map(|busy| busy.task).collect();
    let worst = &group[0];
    let name = analysis.names.task(worst.task);
    Finding {
        kind: FindingKind::BusyWake,
        title: format!(
            "{} is polled again and again with nothing to do.",
            analysis.tasks(&tasks)
        ),
        events: group.iter().flat_map(|busy| busy.idle.iter().copied()).collect(),
        evidence: format!(
            "{} of the {} polls of {name} returned Pending without polling any socket, timer or job.",
            worst.idle.len(),
            worst.polls
        ),
        fix: format!(
            "Find who wakes {name}{} and why it has nothing to do then. A waker is to be called when \
             there is something new, not to look whether there is.",
            analysis.spawned_at(worst.task)
        ),
        chapter: FindingKind::BusyWake.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::Script;
    use crate::trace::{Level, Ready, Resource};

    /// So many polls, all asked for by a source; of these so many poll a future of ours.
    fn polled(polls: usize, touching: usize) -> Script {
        let mut script = Script::new();
        script.spawn(3, "looker");
        for poll in 0..polls {
            script.wake(
                3,
                By::Io {
                    source: 9,
                    ready: Ready::Read,
                },
            );
            script.start(3);
            if poll < touching {
                script.touch(3, Resource::Io, 9, false);
            }
            script.pending(3, 1);
        }
        script
    }

    fn tasks(script: &Script) -> Vec<u64> {
        script.tasks(FindingKind::BusyWake)
    }

    #[test]
    fn a_task_with_nothing_to_do_in_nine_polls_of_ten_is_busy() {
        let findings = polled(10, 1).find(FindingKind::BusyWake);
        assert_eq!(findings[0].tasks, [3]);
        assert!(
            findings[0].evidence.starts_with("9 of the 10 polls of looker #3"),
            "{}",
            findings[0].evidence
        );
        assert_eq!((findings[0].events.len(), findings[0].chapter), (9, "ch03"));
    }

    #[test]
    fn a_task_with_something_to_do_in_two_polls_of_ten_is_not() {
        assert!(tasks(&polled(10, 2)).is_empty());
    }

    #[test]
    fn of_nine_polls_nothing_is_said() {
        assert!(tasks(&polled(9, 0)).is_empty());
    }

    #[test]
    fn what_other_tasks_and_threads_ask_for_may_have_a_reason_that_cannot_be_seen() {
        for by in [By::Task(2), By::Thread(1)] {
            let mut script = polled(10, 0);
            for event in &mut script.trace.events {
                if let What::Wake { by: old, .. } = &mut event.what {
                    *old = by;
                }
            }
            assert!(tasks(&script).is_empty());
        }
    }

    #[test]
    fn at_the_level_that_does_not_tell_what_is_polled_nothing_is_claimed() {
        let mut script = polled(10, 0);
        script.trace.meta.level = Some(Level::Loop);
        assert!(tasks(&script).is_empty());
        script.trace.meta.level = None;
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_spins_is_left_to_self_wake() {
        let mut script = Script::new();
        for _ in 0..20 {
            script.start(3);
            script.wake_self(3);
            script.pending(3, 1);
        }
        assert!(tasks(&script).is_empty());
        assert_eq!(script.tasks(FindingKind::SelfWake), [3]);
    }

    #[test]
    fn a_poll_with_missing_events_is_not_known_to_be_idle() {
        let mut script = polled(9, 0);
        script.wake(3, By::Timer(1));
        script.lost();
        script.poll(3, 1);
        assert_eq!(tasks(&script), [3], "nine of ten are");
        let mut script = polled(8, 0);
        for _ in 0..2 {
            script.wake(3, By::Timer(1));
            script.lost();
            script.poll(3, 1);
        }
        assert!(tasks(&script).is_empty());
    }
}
