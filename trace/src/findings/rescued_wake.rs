//! A source became ready for which a task waited, nobody woke the task, and it found out in a poll that something else had
//! caused: without that it would hang.
//!
//! Whoever reads what arrived while it did something else is rescued by nobody. So the task must have been waiting: it had polled
//! a future of that source, which was not ready and is alive; and since that poll nothing had woken it.

use super::analysis::{Analysis, count, distinct};
use super::{Finding, FindingKind};
use search::{Missed, Search};

mod search;

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    if !analysis.is_full() {
        return Vec::new();
    }
    let mut search = Search::default();
    for (index, event) in analysis.trace.events.iter().enumerate() {
        search.follow(index, event);
    }
    let mut rescued = search.rescued;
    rescued.retain(|missed| {
        missed
            .found
            .is_some_and(|(_, t)| !analysis.gaps.touch(missed.waiter.since, t))
    });
    rescued.sort_by_key(|missed| missed.ready);
    analysis
        .by_site(rescued, |missed| missed.waiter.task)
        .iter()
        .map(|group| finding(analysis, group))
        .collect()
}

fn finding(analysis: &Analysis<'_>, group: &[Missed]) -> Finding {
    let tasks = distinct(group.iter().map(|missed| missed.waiter.task));
    let first = &group[0];
    let name = analysis.names.task(first.waiter.task);
    let found = first.found.map_or(first.ready, |(event, _)| event);
    let wake = first.wake.unwrap_or(found);
    let others = match group.len() - 1 {
        0 => String::new(),
        more => format!(" It happened {} more.", count(more as u64, "time")),
    };
    Finding {
        kind: FindingKind::RescuedWake,
        title: format!(
            "Nobody woke {} for what it waited for; another wake did.",
            analysis.tasks(&tasks)
        ),
        events: group
            .iter()
            .flat_map(|missed| {
                [
                    Some(missed.ready),
                    missed.wake,
                    missed.found.map(|(event, _)| event),
                ]
            })
            .flatten()
            .collect(),
        evidence: format!(
            "Source {} became ready in event {}, and {name}, which waited for it, was not woken. The wake \
             of event {wake}, for something else, had it polled, and it found the source ready in event \
             {found}.{others}",
            first.source, first.ready
        ),
        fix: format!(
            "A future in {name}{} is polled with a waker that does not wake the task, or keeps one of an \
             earlier poll. It must hand on the waker that it is polled with.",
            analysis.spawned_at(first.waiter.task)
        ),
        chapter: FindingKind::RescuedWake.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::Script;
    use crate::trace::{By, Level, PollResult, Ready, Resource, What};

    /// A task waits for a source.
    fn waiting() -> Script {
        let mut script = Script::new();
        script.spawn(2, "stale");
        script.start(2);
        script.io_wait(9, 2);
        script.touch(2, Resource::Io, 9, false);
        script.pending(2, 2);
        script
    }

    /// A timer wakes it, and its poll finds that ready.
    fn finds(script: &mut Script) {
        script.wake(2, By::Timer(4));
        script.start(2);
        script.touch(2, Resource::Io, 9, true);
        script.pending(2, 1);
    }

    fn rescued() -> Script {
        let mut script = waiting();
        script.io_ready(9, 0);
        finds(&mut script);
        script
    }

    fn tasks(script: &Script) -> Vec<u64> {
        script.tasks(FindingKind::RescuedWake)
    }

    #[test]
    fn a_task_that_is_not_woken_for_what_it_waits_for_is_rescued_by_another_wake() {
        let findings = rescued().find(FindingKind::RescuedWake);
        assert_eq!(findings[0].tasks, [2]);
        assert_eq!(findings[0].events, [5, 6, 8]);
        assert!(
            findings[0]
                .evidence
                .starts_with("Source 9 became ready in event 5,"),
            "{}",
            findings[0].evidence
        );
        assert_eq!(findings[0].chapter, "ch04");
    }

    #[test]
    fn so_is_one_whose_waker_was_there_and_woke_somebody_else() {
        let mut script = waiting();
        script.io_ready(9, 1);
        script.wake(
            7,
            By::Io {
                source: 9,
                ready: Ready::Read,
            },
        );
        finds(&mut script);
        assert_eq!(tasks(&script), [2]);
    }

    #[test]
    fn one_that_is_woken_for_it_is_not() {
        let mut script = waiting();
        script.io_ready(9, 1);
        script.wake(
            2,
            By::Io {
                source: 9,
                ready: Ready::Read,
            },
        );
        finds(&mut script);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn one_whose_wake_for_it_comes_last_is_not() {
        let mut script = waiting();
        script.thread = 1;
        script.io_ready(9, 1);
        script.thread = 0;
        finds(&mut script);
        assert!(
            tasks(&script).is_empty(),
            "the thread may still be about to wake it"
        );
        let mut woken = script.clone();
        script.thread = 1;
        script.add(What::Park { timeout: None });
        assert_eq!(tasks(&script), [2], "it is not");
        woken.thread = 1;
        woken.wake(
            2,
            By::Io {
                source: 9,
                ready: Ready::Read,
            },
        );
        woken.add(What::Park { timeout: None });
        assert!(tasks(&woken).is_empty());
    }

    #[test]
    fn one_that_did_something_else_meanwhile_is_not() {
        let mut script = Script::new();
        script.poll(2, 1);
        script.io_ready(9, 0);
        finds(&mut script);
        assert!(tasks(&script).is_empty());
        let mut script = waiting();
        script.drop_future(2, Resource::Io, 9);
        script.io_ready(9, 0);
        finds(&mut script);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn one_that_was_woken_already_is_not() {
        let mut script = waiting();
        script.wake(2, By::Timer(3));
        script.io_ready(9, 0);
        finds(&mut script);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn readiness_for_the_other_direction_is_not_missed() {
        let mut script = waiting();
        script.add(What::IoReady {
            source: 9,
            ready: Ready::Write,
            waiters: Some(0),
        });
        finds(&mut script);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn one_that_finds_nothing_is_not() {
        let mut script = waiting();
        script.io_ready(9, 0);
        script.wake(2, By::Timer(4));
        script.start(2);
        script.touch(2, Resource::Io, 9, false);
        script.add(What::PollEnd {
            task: 2,
            result: PollResult::Pending,
            wakers: 1,
        });
        finds(&mut script);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn where_events_are_missing_and_where_polls_of_futures_are_not_told_nothing_is_claimed() {
        let mut script = rescued();
        script.trace.meta.level = Some(Level::Loop);
        assert!(tasks(&script).is_empty());
        let mut script = waiting();
        script.io_ready(9, 0);
        script.lost();
        finds(&mut script);
        assert!(tasks(&script).is_empty());
    }
}
