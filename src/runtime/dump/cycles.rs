//! Tasks that wait for each other.

use std::collections::HashMap;

use reveille_executor::{TaskId, TaskStage};

use super::{TaskDump, Wait};

/// The circles among the tasks that wait for one other task, and for nothing else. Each begins with its least id.
pub(super) fn find(tasks: &[TaskDump]) -> Vec<Vec<TaskId>> {
    // By now each has one way out, so a walk either ends or comes to a place where it has been.
    let next: HashMap<TaskId, TaskId> = tasks
        .iter()
        .filter_map(|task| match task.waits[..] {
            [Wait::Task { id }] if task.stage == TaskStage::Idle => Some((task.id, id)),
            _ => None,
        })
        .collect();
    let mut walks: HashMap<TaskId, TaskId> = HashMap::new();
    let mut cycles = Vec::new();
    for task in tasks {
        let mut here = task.id;
        while let Some(&there) = next.get(&here) {
            if let Some(&walk) = walks.get(&here) {
                if walk == task.id {
                    cycles.push(around(here, &next));
                }
                break;
            }
            walks.insert(here, task.id);
            here = there;
        }
    }
    cycles
}

fn around(start: TaskId, next: &HashMap<TaskId, TaskId>) -> Vec<TaskId> {
    let mut cycle = vec![start];
    let mut here = next[&start];
    while here != start {
        cycle.push(here);
        here = next[&here];
    }
    let least = (0..cycle.len()).min_by_key(|&place| cycle[place]);
    cycle.rotate_left(least.unwrap_or_default());
    cycle
}
