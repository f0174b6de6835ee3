//! A task waits, and nobody has a waker to wake it: it will never run again.

use std::collections::BTreeMap;

use super::analysis::{Analysis, count};
use super::{Finding, FindingKind};
use crate::trace::{By, Effect, End, Event, PollResult, Resource, TaskState, What, Why};

/// What is known of a task.
#[derive(Clone, Copy)]
enum Task {
    /// A wake is told that came while it ran, before it is told that it runs: they are stamped before they are made.
    WokenAhead,
    /// It is polled, and nothing in this poll has woken it yet.
    Polled { since: u64 },
    /// It waits, without a waker.
    Lost(Lost),
    /// So it did until it was woken to be cancelled.
    Cancelled(Lost),
}

#[derive(Clone, Copy)]
struct Lost {
    task: u64,
    /// From when to when nothing may be missing.
    since: u64,
    until: u64,
    /// The end of its last poll, if that is here.
    event: Option<usize>,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let groups = analysis.by_site(lost(analysis), |lost| lost.task);
    groups.iter().map(|group| finding(analysis, group)).collect()
}

fn lost(analysis: &Analysis<'_>) -> Vec<Lost> {
    let mut tasks: BTreeMap<u64, Task> = BTreeMap::new();
    let mut ended: Vec<Lost> = Vec::new();
    for task in analysis
        .trace
        .snapshot
        .iter()
        .flat_map(|snapshot| &snapshot.tasks)
    {
        let is_meant = matches!(task.on, Some((Resource::Never, _)));
        if task.state == TaskState::Idle && task.wakers == 0 && !is_meant {
            let since = analysis.trace.snapshot.as_ref().map_or(0, |snapshot| snapshot.t);
            tasks.insert(
                task.task,
                Task::Lost(Lost {
                    task: task.task,
                    since,
                    until: analysis.end,
                    event: None,
                }),
            );
        }
    }
    for (index, event) in analysis.trace.events.iter().enumerate() {
        if let What::TaskEnd { task, how } = event.what {
            let task = tasks.remove(&task);
            // Most programs end like this: the task was lost for as long as its runtime lived.
            if let (Some(Task::Lost(lost) | Task::Cancelled(lost)), End::Shutdown) = (task, how) {
                ended.push(Lost {
                    until: event.t,
                    ..lost
                });
            }
        } else {
            follow(&mut tasks, index, event, analysis.end);
        }
    }
    ended.extend(tasks.into_values().filter_map(|task| {
        if let Task::Lost(lost) = task {
            Some(lost)
        } else {
            None
        }
    }));
    ended.retain(|lost| !analysis.gaps.touch(lost.since, lost.until));
    ended.sort_by_key(|lost| lost.event);
    ended
}

fn follow(tasks: &mut BTreeMap<u64, Task>, index: usize, event: &Event, until: u64) {
    let Some(task) = about(&event.what) else { return };
    let is_cancelled = match event.what {
        What::Wake { by, .. } => matches!(by, By::Runtime(Why::Abort | Why::Shutdown)),
        _ => matches!(event.what, What::Abort { .. }),
    };
    let is_rescheduled = matches!(event.what, What::Wake { effect, .. } if effect == Effect::Rescheduled);
    let next = match (&event.what, tasks.remove(&task)) {
        (What::PollStart { .. }, Some(Task::WokenAhead)) => None,
        (What::PollStart { .. }, _) => Some(Task::Polled { since: event.t }),
        (&What::PollEnd { result, wakers, .. }, Some(Task::Polled { since })) => {
            let (event, is_lost) = (Some(index), result == PollResult::Pending && wakers == 0);
            is_lost.then_some(Task::Lost(Lost {
                task,
                since,
                until,
                event,
            }))
        }
        (What::PollEnd { .. }, _) => None,
        (_, Some(Task::Lost(lost) | Task::Cancelled(lost))) if is_cancelled => Some(Task::Cancelled(lost)),
        (What::Enqueue { .. }, Some(cancelled @ Task::Cancelled(_))) => Some(cancelled),
        (_, Some(Task::Polled { .. })) if is_rescheduled => None,
        _ if is_rescheduled => Some(Task::WokenAhead),
        // Of a task that runs, it says nothing new: those that its poll leaves are counted when that ends.
        (What::WakerClone { .. }, Some(polled @ Task::Polled { .. })) => Some(polled),
        // What happens to one that waits ends that it is lost; and so does to say that it waits for nothing, and means it.
        _ => None,
    };
    if let Some(next) = next {
        tasks.insert(task, next);
    }
}

/// The task to which an event matters here.
fn about(what: &What) -> Option<u64> {
    match *what {
        What::PollStart { task, .. }
        | What::PollEnd { task, .. }
        | What::Wake { task, .. }
        | What::Enqueue { task, .. }
        | What::Abort { task, .. }
        | What::WakerClone { task, .. }
        | What::BlockOn {
            task,
            resource: Resource::Never,
            ..
        } => Some(task),
        _ => None,
    }
}

fn finding(analysis: &Analysis<'_>, group: &[Lost]) -> Finding {
    let tasks: Vec<u64> = group.iter().map(|lost| lost.task).collect();
    let first = group[0];
    let name = analysis.names.task(first.task);
    let when = match first.event {
        Some(event) => format!("When its last poll ended, in event {event}"),
        None => "When the trace began".to_owned(),
    };
    let others = match group.len() - 1 {
        0 => String::new(),
        more => format!(" The same holds for {}.", count(more as u64, "more task")),
    };
    Finding {
        kind: FindingKind::LostWaker,
        title: format!("Nobody can wake {}.", analysis.tasks(&tasks)),
        events: group.iter().filter_map(|lost| lost.event).collect(),
        evidence: format!(
            "{when}, {name} was waiting and no waker of it was left; nothing has woken it since.{others}"
        ),
        fix: format!(
            "A future that returns Pending must keep a clone of the waker of that very poll, and have it \
             called. Look for one in {name}{} that returns Pending without, or that keeps the waker of an \
             earlier poll.",
            analysis.spawned_at(first.task)
        ),
        chapter: FindingKind::LostWaker.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::{MILLISECOND, Script};
    use crate::trace::SnapshotTask;

    fn lost_task() -> Script {
        let mut script = Script::new();
        script.spawn(5, "forgot");
        script.poll(5, 0);
        script
    }

    fn tasks(script: &Script) -> Vec<u64> {
        script.tasks(FindingKind::LostWaker)
    }

    #[test]
    fn a_task_that_waits_without_a_waker_is_lost() {
        let findings = lost_task().find(FindingKind::LostWaker);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].title, "Nobody can wake forgot #5.");
        assert_eq!(findings[0].events, [2]);
        assert!(findings[0].fix.contains("src/main.rs:5"), "{}", findings[0].fix);
        assert_eq!(findings[0].chapter, "ch04");
    }

    #[test]
    fn it_is_lost_also_if_its_runtime_ends_in_the_end() {
        let mut script = lost_task();
        script.shutdown(5);
        assert_eq!(tasks(&script), [5]);
    }

    #[test]
    fn a_task_with_a_waker_is_not() {
        let mut script = Script::new();
        script.poll(5, 1);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_yields_is_not() {
        let mut script = Script::new();
        script.start(5);
        script.wake_self(5);
        script.pending(5, 0);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_is_woken_after_its_poll_is_not() {
        let mut script = lost_task();
        script.wake(5, By::Thread(1));
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_is_over_is_not() {
        let mut script = Script::new();
        script.start(5);
        script.add(What::PollEnd {
            task: 5,
            result: PollResult::Ready,
            wakers: 0,
        });
        assert!(tasks(&script).is_empty());
        let mut script = lost_task();
        script.end(5, End::Cancelled);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_whose_waker_is_cloned_afterwards_is_not() {
        let mut script = lost_task();
        script.add(What::WakerClone { task: 5, wakers: 1 });
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_means_to_wait_for_nothing_is_not() {
        let mut script = Script::new();
        script.start(5);
        script.add(What::BlockOn {
            task: 5,
            resource: Resource::Never,
            id: 0,
            peer: None,
        });
        script.pending(5, 0);
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_task_that_was_aborted_and_is_not_over_yet_is_not() {
        let mut script = lost_task();
        script.add(What::Abort {
            task: 5,
            by: By::Task(1),
        });
        assert!(tasks(&script).is_empty());
    }

    #[test]
    fn a_wake_that_is_stamped_before_the_poll_it_came_in_counts() {
        let mut script = Script::new();
        script.wake_self(5);
        script.poll(5, 0);
        assert!(tasks(&script).is_empty());
        script.poll(5, 0);
        assert_eq!(tasks(&script), [5]);
    }

    #[test]
    fn nothing_is_claimed_where_a_wake_may_be_missing() {
        let mut script = Script::new();
        script.thread = 1;
        script.lost();
        script.add(What::Mark { task: 0, message: 0 });
        script.thread = 0;
        let before = script.clone();
        script.poll(5, 0);
        assert_eq!(tasks(&script), [5]);
        script.thread = 1;
        script.lost();
        assert!(tasks(&script).is_empty());
        let mut script = before;
        script.pending(5, 0);
        assert!(tasks(&script).is_empty(), "the poll's start is missing");
    }

    #[test]
    fn a_task_that_was_lost_before_the_trace_began_is_known_from_its_snapshot() {
        let mut script = Script::new();
        let task = SnapshotTask {
            task: 5,
            state: TaskState::Idle,
            ..SnapshotTask::default()
        };
        let queued = SnapshotTask {
            task: 6,
            state: TaskState::Queued,
            ..SnapshotTask::default()
        };
        let held = SnapshotTask {
            task: 7,
            state: TaskState::Idle,
            wakers: 1,
            ..SnapshotTask::default()
        };
        let tasks_then = vec![task, queued, held];
        script.trace.snapshot = Some(crate::trace::Snapshot {
            tasks: tasks_then,
            ..Default::default()
        });
        script.wait(MILLISECOND);
        script.add(What::Mark { task: 0, message: 0 });
        assert_eq!(tasks(&script), [5]);
    }

    #[test]
    fn tasks_of_one_line_share_a_finding() {
        let mut script = Script::new();
        for task in [5, 6, 7] {
            script.spawn_at(task, "forgot", "src/main.rs:9");
            script.poll(task, 0);
        }
        script.spawn_at(8, "other", "src/main.rs:10");
        script.poll(8, 0);
        let findings = script.find(FindingKind::LostWaker);
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[0].tasks, [5, 6, 7]);
        assert_eq!(
            findings[0].title,
            "Nobody can wake forgot #5 and 2 more tasks of src/main.rs:9."
        );
    }
}
