//! The run queues after each event: first in, first out, and nothing more.

use std::collections::BTreeMap;

use reveille_trace::trace::{Queue, Trace, What};

/// The tasks in each queue that is not empty, after each event. Only for a trace that begins with the program.
pub fn after_each_event(trace: &Trace) -> Vec<BTreeMap<String, Vec<u64>>> {
    let mut queued: Vec<(Queue, u64)> = Vec::new();
    trace
        .events
        .iter()
        .map(|event| {
            match event.what {
                What::Enqueue { task, queue, .. } => put(&mut queued, task, queue),
                What::Steal { to, ref tasks, .. } => {
                    tasks
                        .iter()
                        .for_each(|&task| put(&mut queued, task, Queue::Local(to)));
                }
                What::PollStart { task, .. } | What::TaskEnd { task, .. } => {
                    queued.retain(|&(_, one)| one != task)
                }
                _ => {}
            }
            let mut queues: BTreeMap<String, Vec<u64>> = BTreeMap::new();
            for (queue, task) in &queued {
                queues.entry(queue.to_string()).or_default().push(*task);
            }
            queues
        })
        .collect()
}

/// All queues in one list: of each, those that came first are first.
fn put(queued: &mut Vec<(Queue, u64)>, task: u64, queue: Queue) {
    queued.retain(|&(_, one)| one != task);
    queued.push((queue, task));
}
