//! A task wakes itself more often than others wake it: it spins through the run queue.

use std::collections::BTreeMap;

use super::analysis::Analysis;
use super::{Finding, FindingKind};
use crate::trace::{By, Effect, What};

/// Of fewer wakes nothing is said.
const WAKES: u64 = 10;

#[derive(Clone, Default)]
struct Wakes {
    task: u64,
    all: u64,
    own: u64,
    events: Vec<usize>,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut spinning: Vec<Wakes> = spinning(analysis).into_values().collect();
    spinning.sort_by_key(|wakes| std::cmp::Reverse(wakes.own));
    let groups = analysis.by_site(spinning, |wakes| wakes.task);
    groups.iter().map(|group| finding(analysis, group)).collect()
}

/// Whether that is found of a task.
pub(super) fn spins(analysis: &Analysis<'_>) -> impl Fn(u64) -> bool + use<> {
    let spinning = spinning(analysis);
    move |task| spinning.contains_key(&task)
}

fn spinning(analysis: &Analysis<'_>) -> BTreeMap<u64, Wakes> {
    let mut tasks: BTreeMap<u64, Wakes> = BTreeMap::new();
    for (index, event) in analysis.trace.events.iter().enumerate() {
        let What::Wake { task, by, effect } = event.what else {
            continue;
        };
        if effect == Effect::Nothing {
            continue;
        }
        let wakes = tasks.entry(task).or_insert_with(|| Wakes {
            task,
            ..Wakes::default()
        });
        wakes.all += 1;
        if by == By::Task(task) {
            wakes.own += 1;
            wakes.events.push(index);
        }
    }
    // All that is missing may be other wakes of this one.
    let missing = analysis.gaps.events;
    tasks
        .retain(|_, wakes| wakes.all >= WAKES && wakes.own > (wakes.all - wakes.own).saturating_add(missing));
    tasks
}

fn finding(analysis: &Analysis<'_>, group: &[Wakes]) -> Finding {
    let tasks: Vec<u64> = group.iter().map(|wakes| wakes.task).collect();
    let worst = &group[0];
    let name = analysis.names.task(worst.task);
    Finding {
        kind: FindingKind::SelfWake,
        title: format!("{} mostly wakes itself.", analysis.tasks(&tasks)),
        events: group
            .iter()
            .flat_map(|wakes| wakes.events.iter().copied())
            .collect(),
        evidence: format!(
            "{} of the {} wakes of {name} came from its own polls.",
            worst.own, worst.all
        ),
        fix: format!(
            "A future in {name}{} asks to be polled again instead of waiting to be woken when there is \
             something to do. Register the waker with what it waits for; to share the thread with others \
             while computing, few yields are enough.",
            analysis.spawned_at(worst.task)
        ),
        chapter: FindingKind::SelfWake.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::Script;

    fn woken(own: usize, others: usize) -> Script {
        let mut script = Script::new();
        script.spawn(4, "spinner");
        for _ in 0..own {
            script.start(4);
            script.wake_self(4);
            script.pending(4, 1);
        }
        for _ in 0..others {
            script.wake(4, By::Thread(1));
        }
        script
    }

    fn tasks(script: &Script) -> Vec<u64> {
        script.tasks(FindingKind::SelfWake)
    }

    #[test]
    fn a_task_that_wakes_itself_more_often_than_others_do_spins() {
        let findings = woken(6, 4).find(FindingKind::SelfWake);
        assert_eq!(findings[0].tasks, [4]);
        assert_eq!(
            findings[0].evidence,
            "6 of the 10 wakes of spinner #4 came from its own polls."
        );
        assert_eq!((findings[0].events.len(), findings[0].chapter), (6, "ch05"));
    }

    #[test]
    fn half_of_them_is_not_more() {
        assert!(tasks(&woken(5, 5)).is_empty());
    }

    #[test]
    fn of_nine_wakes_nothing_is_said() {
        assert!(tasks(&woken(9, 0)).is_empty());
    }

    #[test]
    fn wakes_of_a_task_that_is_over_do_not_count() {
        let mut script = woken(9, 0);
        script.add(What::Wake {
            task: 4,
            by: By::Task(4),
            effect: Effect::Nothing,
        });
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn what_is_missing_may_be_other_wakes() {
        let mut script = woken(10, 0);
        script.add(What::Lost { n: 9 });
        assert_eq!(tasks(&script), [4]);
        script.lost();
        assert!(tasks(&script).is_empty());
    }
}
