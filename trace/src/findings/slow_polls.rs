//! Polls that keep a thread from everything else: those that took long, and first ones that do not end at all.

use std::collections::{BTreeMap, HashMap};

use super::analysis::{Analysis, count, distinct};
use super::polls::{Poll, PollEnd};
use super::{Finding, FindingKind};
use crate::nanoseconds::Nanoseconds;
use crate::trace::{TaskKind, ThreadKind, What};

/// How long a task may run without ever having waited.
const NEVER: u64 = 1_000_000_000;

#[derive(Clone, Copy)]
struct Slow {
    task: u64,
    thread: u32,
    ns: u64,
    /// The event that began it, or the one that says so.
    event: usize,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let never: Vec<&Poll> = analysis
        .polls
        .iter()
        .filter(|poll| never_ends(analysis, poll))
        .collect();
    let mut findings: Vec<Finding> = analysis
        .by_site(never, |poll| poll.task)
        .iter()
        .map(|group| never_yields(analysis, group))
        .collect();
    let mut slow = slow(analysis);
    slow.sort_by_key(|slow| std::cmp::Reverse(slow.ns));
    let groups = analysis.by_site(slow, |slow| slow.task);
    findings.extend(groups.iter().map(|group| blocking_poll(analysis, group)));
    findings
}

/// Whether a poll is a task's first, and has gone on for longer than [`NEVER`].
fn never_ends(analysis: &Analysis<'_>, poll: &Poll) -> bool {
    let is_first = || {
        let spawn = analysis.names.birth(poll.task).and_then(|birth| birth.event);
        spawn.is_some_and(|spawn| spawn < poll.start)
            && matches!(
                analysis.trace.events[poll.start].what,
                What::PollStart { n: 1, .. }
            )
    };
    is_running(analysis, poll)
        && length(poll) > NEVER
        && blocks_a_loop(analysis, poll.task, poll.thread)
        && is_first()
}

fn is_running(analysis: &Analysis<'_>, poll: &Poll) -> bool {
    poll.end == PollEnd::Open && !analysis.gaps.touch(poll.from, poll.to)
}

fn slow(analysis: &Analysis<'_>) -> Vec<Slow> {
    // By the events that began them.
    let mut slow: BTreeMap<usize, Slow> = BTreeMap::new();
    let bound = analysis.trace.meta.slow_poll_ns;
    for poll in &analysis.polls {
        let is_known = matches!(poll.end, PollEnd::Known(..)) || is_running(analysis, poll);
        if is_known && length(poll) >= bound && !never_ends(analysis, poll) {
            let (task, thread, event) = (poll.task, poll.thread, poll.start);
            slow.insert(
                event,
                Slow {
                    task,
                    thread,
                    ns: length(poll),
                    event,
                },
            );
        }
    }
    // What is said to be slow is, whatever clock the times are of.
    let mut last_starts: HashMap<u64, usize> = HashMap::new();
    for (index, event) in analysis.trace.events.iter().enumerate() {
        match event.what {
            What::PollStart { task, .. } => {
                last_starts.insert(task, index);
            }
            What::SlowPoll { task, ns } => {
                let start = last_starts.get(&task).copied().unwrap_or(index);
                let thread = analysis.trace.events[start].thread;
                let told = slow.entry(start).or_insert(Slow {
                    task,
                    thread,
                    ns,
                    event: start,
                });
                told.ns = told.ns.max(ns);
            }
            _ => {}
        }
    }
    slow.into_values()
        .filter(|slow| blocks_a_loop(analysis, slow.task, slow.thread))
        .collect()
}

/// Whether a poll keeps anything else from running: the future of a `block_on` does not, on a thread of its own.
fn blocks_a_loop(analysis: &Analysis<'_>, task: u64, thread: u32) -> bool {
    let is_root = analysis
        .names
        .birth(task)
        .is_some_and(|birth| birth.kind == Some(TaskKind::BlockOn));
    let mut threads = analysis.trace.threads.iter();
    !is_root || threads.any(|known| known.id == thread && known.kind == ThreadKind::Worker)
}

fn length(poll: &Poll) -> u64 {
    poll.to - poll.from
}

fn never_yields(analysis: &Analysis<'_>, group: &[&Poll]) -> Finding {
    let tasks = distinct(group.iter().map(|poll| poll.task));
    let first = group[0];
    let (name, thread) = (
        analysis.names.task(first.task),
        analysis.names.thread(first.thread),
    );
    Finding {
        kind: FindingKind::NeverYields,
        title: format!(
            "{} has not let go of its thread since its first poll began.",
            analysis.tasks(&tasks)
        ),
        events: group.iter().map(|poll| poll.start).collect(),
        evidence: format!(
            "The first poll of {name} began on {thread} in event {} and had not ended {} later, when the \
             trace does.",
            first.start,
            Nanoseconds(length(first))
        ),
        fix: format!(
            "A loop in {name}{} never waits. Await something in it, such as yield_now, or hand the work \
             to spawn_blocking.",
            analysis.spawned_at(first.task)
        ),
        chapter: FindingKind::NeverYields.chapter(),
        tasks,
    }
}

fn blocking_poll(analysis: &Analysis<'_>, group: &[Slow]) -> Finding {
    let tasks = distinct(group.iter().map(|slow| slow.task));
    let worst = group[0];
    let (name, thread) = (
        analysis.names.task(worst.task),
        analysis.names.thread(worst.thread),
    );
    let others = match group.len() - 1 {
        0 => String::new(),
        more => format!(" So did {}, for less.", count(more as u64, "more poll")),
    };
    Finding {
        kind: FindingKind::BlockingPoll,
        title: format!(
            "{} blocked its thread for {}.",
            analysis.tasks(&tasks),
            Nanoseconds(worst.ns)
        ),
        events: group.iter().map(|slow| slow.event).collect(),
        evidence: format!(
            "A poll of {name} (event {}) kept {thread} for {}; {} or more is slow.{others}",
            worst.event,
            Nanoseconds(worst.ns),
            Nanoseconds(analysis.trace.meta.slow_poll_ns)
        ),
        fix: format!(
            "Nothing else ran on {thread} meanwhile. Hand what blocks or computes in {name}{} to \
             spawn_blocking, or let others run in between with yield_now.",
            analysis.spawned_at(worst.task)
        ),
        chapter: FindingKind::BlockingPoll.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::{MILLISECOND, Script};
    use crate::trace::{PollResult, TaskKind};

    fn poll_of(ns: u64) -> Script {
        let mut script = Script::new();
        script.spawn(6, "hog");
        script.start(6);
        script.wait(ns - 1_000);
        script.add(What::PollEnd {
            task: 6,
            result: PollResult::Ready,
            wakers: 0,
        });
        script
    }

    fn kinds(script: &Script) -> Vec<FindingKind> {
        let all = crate::findings::find(&script.trace);
        all.into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_poll_that_takes_as_long_as_a_slow_one_blocks() {
        let findings = poll_of(10 * MILLISECOND).find(FindingKind::BlockingPoll);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].title, "hog #6 blocked its thread for 10 ms.");
        assert_eq!((&findings[0].events[..], findings[0].chapter), (&[1][..], "ch09"));
        assert!(kinds(&poll_of(10 * MILLISECOND - 1)).is_empty());
    }

    #[test]
    fn a_poll_that_is_said_to_be_slow_is_whatever_the_clock() {
        let mut script = poll_of(1_001);
        script.add(What::SlowPoll {
            task: 6,
            ns: 30 * MILLISECOND,
        });
        let findings = script.find(FindingKind::BlockingPoll);
        assert_eq!(findings[0].title, "hog #6 blocked its thread for 30 ms.");
        assert_eq!(findings[0].events, [1]);
    }

    #[test]
    fn the_worst_poll_is_told_and_the_others_counted() {
        let mut script = poll_of(10 * MILLISECOND);
        script.spawn(7, "worse");
        for ns in [20, 40] {
            script.start(7);
            script.wait(ns * MILLISECOND);
            script.pending(7, 1);
        }
        let findings = script.find(FindingKind::BlockingPoll);
        assert_eq!(findings[0].tasks, [7]);
        assert!(
            findings[0].evidence.contains("kept worker-0 for 40 ms"),
            "{}",
            findings[0].evidence
        );
        assert!(
            findings[0].evidence.ends_with("So did 1 more poll, for less."),
            "{}",
            findings[0].evidence
        );
        assert_eq!(findings[1].tasks, [6]);
    }

    #[test]
    fn nothing_is_said_of_a_poll_in_which_events_are_missing() {
        let mut script = Script::new();
        script.start(6);
        script.wait(20 * MILLISECOND);
        script.lost();
        script.pending(6, 1);
        assert!(kinds(&script).is_empty());
    }

    #[test]
    fn the_future_of_a_block_on_blocks_only_a_thread_that_runs_tasks() {
        for (thread, expected) in [(0, vec![FindingKind::BlockingPoll]), (1, vec![])] {
            let mut script = poll_of(20 * MILLISECOND);
            if let What::Spawn { kind, .. } = &mut script.trace.events[0].what {
                *kind = TaskKind::BlockOn;
            }
            script
                .trace
                .events
                .iter_mut()
                .for_each(|event| event.thread = thread);
            assert_eq!(kinds(&script), expected);
        }
    }

    fn running_for(ns: u64) -> Script {
        let mut script = Script::new();
        script.spawn(6, "hog");
        script.start(6);
        script.thread = 1;
        script.wait(ns - 1_000);
        script.add(What::Mark { task: 0, message: 0 });
        script
    }

    #[test]
    fn a_first_poll_that_goes_on_for_more_than_a_second_never_yields() {
        let script = running_for(NEVER + 1);
        assert_eq!(kinds(&script), [FindingKind::NeverYields]);
        assert_eq!(script.find(FindingKind::NeverYields)[0].chapter, "ch05");
        assert_eq!(kinds(&running_for(NEVER)), [FindingKind::BlockingPoll]);
    }

    #[test]
    fn a_poll_that_ended_or_that_is_not_known_to_be_the_first_blocks_but_yields() {
        assert_eq!(kinds(&poll_of(2 * NEVER)), [FindingKind::BlockingPoll]);
        let mut script = running_for(NEVER + 1);
        script.trace.events.remove(0);
        assert_eq!(kinds(&script), [FindingKind::BlockingPoll]);
    }

    #[test]
    fn nothing_is_said_of_a_poll_whose_end_may_be_missing() {
        let mut script = running_for(NEVER + 1);
        script.thread = 0;
        script.lost();
        assert!(kinds(&script).is_empty());
    }
}
