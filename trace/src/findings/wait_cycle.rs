//! Tasks wait for each other's ends, in a circle: none of them will ever run again.
//!
//! A circle is seen when the poll ends that closes it, since from then on nothing but a cancellation can open it.
//! Only tasks count that nobody else can wake: each has no more wakers than there are ends that it waits for.

use std::collections::{HashMap, HashSet};

use super::analysis::Analysis;
use super::{Finding, FindingKind};
use crate::trace::{Event, PollResult, Resource, What};

/// What is known of a task whose poll has begun.
struct Task {
    since: u64,
    /// Whether it was not woken in this poll, or since.
    is_unwoken: bool,
    /// Whose ends it waits for, and whether for nothing else of ours.
    peers: Vec<u64>,
    waits_for_ends_alone: bool,
    /// The end of its poll, if nobody but its peers can wake it.
    stuck: Option<usize>,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut tasks: HashMap<u64, Task> = HashMap::new();
    let mut findings = Vec::new();
    for (index, event) in analysis.trace.events.iter().enumerate() {
        if let Some(task) = follow(&mut tasks, index, event) {
            let circle = circle(&tasks, task).filter(|circle| {
                let since = circle
                    .iter()
                    .filter_map(|task| tasks.get(task))
                    .map(|task| task.since)
                    .min();
                !analysis.gaps.touch(since.unwrap_or(0), event.t)
            });
            findings.extend(circle.map(|circle| finding(analysis, &tasks, circle)));
        }
    }
    findings
}

/// Takes account of an event, and names the task that is stuck since.
fn follow(tasks: &mut HashMap<u64, Task>, index: usize, event: &Event) -> Option<u64> {
    match event.what {
        What::PollStart { task, .. } => {
            let (peers, stuck) = (Vec::new(), None);
            let polled = Task {
                since: event.t,
                is_unwoken: true,
                peers,
                waits_for_ends_alone: true,
                stuck,
            };
            tasks.insert(task, polled);
        }
        What::BlockOn {
            task,
            resource: Resource::Join,
            peer: Some(peer),
            ..
        }
        | What::Touch {
            task,
            resource: Resource::Join,
            id: peer,
            is_ready: false,
        } => {
            if let Some(waiting) = tasks.get_mut(&task) {
                if !waiting.peers.contains(&peer) {
                    waiting.peers.push(peer);
                }
            }
        }
        What::FutureDrop {
            task,
            resource: Resource::Join,
            id,
            ..
        } => {
            if let Some(waiting) = tasks.get_mut(&task) {
                waiting.peers.retain(|&peer| peer != id);
            }
        }
        What::BlockOn { task, .. }
        | What::Touch {
            task,
            is_ready: false,
            ..
        }
        | What::IoWait { task, .. }
        | What::TimerSet { task, .. }
        | What::JobSubmit { task, .. } => {
            if let Some(waiting) = tasks.get_mut(&task) {
                waiting.waits_for_ends_alone = false;
            }
        }
        What::PollEnd {
            task,
            result: PollResult::Pending,
            wakers,
        } => {
            let waiting = tasks.get_mut(&task)?;
            let may_end_others = wakers > waiting.peers.len() as u64 || !waiting.waits_for_ends_alone;
            if waiting.is_unwoken && wakers > 0 && !may_end_others {
                waiting.stuck = Some(index);
                return Some(task);
            }
            tasks.remove(&task);
        }
        What::PollEnd { task, .. } | What::TaskEnd { task, .. } | What::WakerClone { task, .. } => {
            let is_stuck = tasks.get(&task).is_some_and(|task| task.stuck.is_some());
            if is_stuck || !matches!(event.what, What::WakerClone { .. }) {
                tasks.remove(&task);
            }
        }
        What::Wake { task, .. } | What::Enqueue { task, .. } | What::Abort { task, .. } => {
            if let Some(woken) = tasks.get_mut(&task) {
                woken.is_unwoken = false;
                woken.stuck = None;
            }
        }
        _ => {}
    }
    None
}

/// The circle that a task closes, beginning with it, if all on whom it depends, directly or not, are stuck too.
fn circle(tasks: &HashMap<u64, Task>, first: u64) -> Option<Vec<u64>> {
    // Of each task that was reached, from whom.
    let mut from: HashMap<u64, u64> = HashMap::new();
    let mut seen: HashSet<u64> = HashSet::from([first]);
    let mut next = vec![first];
    while let Some(task) = next.pop() {
        for &peer in &tasks.get(&task).filter(|task| task.stuck.is_some())?.peers {
            from.entry(peer).or_insert(task);
            if seen.insert(peer) {
                next.push(peer);
            }
        }
    }
    let mut circle = vec![first];
    let mut task = *from.get(&first)?;
    while task != first {
        circle.push(task);
        task = *from.get(&task)?;
    }
    // It was followed against the direction in which they wait.
    circle[1..].reverse();
    Some(circle)
}

fn finding(analysis: &Analysis<'_>, tasks: &HashMap<u64, Task>, circle: Vec<u64>) -> Finding {
    let names: Vec<String> = circle.iter().map(|&task| analysis.names.task(task)).collect();
    let first = &names[0];
    let title = match circle.len() {
        1 => format!("{first} waits for its own end."),
        _ => format!("{} wait for each other.", names.join(", ")),
    };
    let steps: Vec<String> = (0..names.len())
        .map(|place| {
            format!(
                "{} waits for the end of {}",
                names[place],
                names[(place + 1) % names.len()]
            )
        })
        .collect();
    Finding {
        kind: FindingKind::WaitCycle,
        title,
        events: circle.iter().filter_map(|task| tasks.get(task)?.stuck).collect(),
        evidence: format!("{}; nobody else has a waker of any of them.", steps.join(", ")),
        fix: format!(
            "Nothing can come of this: let one of them end without waiting. Begin with {first}{}, who was \
             the last to wait.",
            analysis.spawned_at(circle[0])
        ),
        chapter: FindingKind::WaitCycle.chapter(),
        tasks: circle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::Script;
    use crate::trace::By;

    /// Each of these tasks waits for the end of another.
    fn waits(script: &mut Script, pairs: &[(u64, u64)]) {
        for &(task, peer) in pairs {
            script.start(task);
            script.touch(task, Resource::Join, peer, false);
            script.pending(task, 1);
        }
    }

    fn waiting(pairs: &[(u64, u64)]) -> Script {
        let mut script = Script::new();
        waits(&mut script, pairs);
        script
    }

    fn tasks(script: &Script) -> Vec<u64> {
        script.tasks(FindingKind::WaitCycle)
    }

    #[test]
    fn tasks_that_wait_for_each_other_are_a_circle() {
        let mut script = Script::new();
        for (task, name) in [(1, "a"), (2, "b"), (3, "c")] {
            script.spawn(task, name);
        }
        waits(&mut script, &[(1, 2), (2, 3), (3, 1)]);
        let findings = script.find(FindingKind::WaitCycle);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].tasks, [3, 1, 2]);
        assert_eq!(findings[0].title, "c #3, a #1, b #2 wait for each other.");
        let steps =
            "c #3 waits for the end of a #1, a #1 waits for the end of b #2, b #2 waits for the end of c #3;";
        assert!(
            findings[0].evidence.starts_with(steps),
            "{}",
            findings[0].evidence
        );
        assert_eq!(findings[0].events, [11, 5, 8]);
        assert_eq!(findings[0].chapter, "ch10");
    }

    #[test]
    fn a_task_that_waits_for_its_own_end_is_one() {
        let mut script = Script::new();
        script.start(4);
        script.add(What::BlockOn {
            task: 4,
            resource: Resource::Join,
            id: 77,
            peer: Some(4),
        });
        script.pending(4, 1);
        assert_eq!(
            script.find(FindingKind::WaitCycle)[0].title,
            "task #4 waits for its own end."
        );
    }

    #[test]
    fn a_row_is_no_circle_and_who_waits_for_one_is_not_in_it() {
        assert!(tasks(&waiting(&[(1, 2), (2, 3)])).is_empty());
        assert_eq!(tasks(&waiting(&[(1, 2), (2, 1), (3, 1)])), [2, 1]);
    }

    #[test]
    fn a_task_that_somebody_else_may_wake_opens_it() {
        let mut script = waiting(&[(1, 2)]);
        script.start(2);
        script.touch(2, Resource::Join, 1, false);
        script.pending(2, 2);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_waits_for_time_as_well_opens_it() {
        let mut script = waiting(&[(1, 2)]);
        script.start(2);
        script.touch(2, Resource::Join, 1, false);
        script.add(What::TimerSet {
            timer: 5,
            task: 2,
            deadline: 9,
            level: None,
            slot: None,
        });
        script.pending(2, 1);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_waits_for_two_ends_is_in_it_if_neither_can_come() {
        let mut script = waiting(&[(1, 3)]);
        let mut open = script.clone();
        for (script, other) in [(&mut script, 3), (&mut open, 4)] {
            script.start(2);
            script.touch(2, Resource::Join, 3, false);
            script.touch(2, Resource::Join, other, false);
            script.pending(2, 2);
            waits(script, &[(3, 2)]);
        }
        // Twice the same end: one of the two wakers is not accounted for.
        assert!(tasks(&script).is_empty());
        assert!(tasks(&open).is_empty());
        let mut script = waiting(&[(1, 3)]);
        script.start(2);
        script.touch(2, Resource::Join, 3, false);
        script.touch(2, Resource::Join, 1, false);
        script.pending(2, 2);
        waits(&mut script, &[(3, 2)]);
        assert_eq!(tasks(&script), [3, 2]);
    }

    #[test]
    fn a_task_that_was_woken_is_not_stuck() {
        let mut script = waiting(&[(1, 2)]);
        script.wake(1, By::Task(9));
        waits(&mut script, &[(2, 1)]);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn where_a_wake_may_be_missing_nothing_is_claimed() {
        let mut script = waiting(&[(1, 2)]);
        script.lost();
        waits(&mut script, &[(2, 1)]);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_circle_that_its_runtimes_end_opened_was_one() {
        let mut script = waiting(&[(1, 2), (2, 1)]);
        script.shutdown(1);
        script.shutdown(2);
        assert_eq!(tasks(&script), [2, 1]);
    }
}
