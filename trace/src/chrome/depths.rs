//! How many tasks are in each run queue: as the enqueues say, less what has left since.

use std::collections::BTreeMap;

use crate::trace::{Queue, Snapshot, What};

#[derive(Debug, Default)]
pub(super) struct Depths {
    depths: BTreeMap<Queue, u64>,
    /// Which queue a task is in.
    places: BTreeMap<u64, Queue>,
    /// Which task was last put into a slot for one.
    slots: BTreeMap<Queue, u64>,
}

impl Depths {
    pub(super) fn new(snapshot: Option<&Snapshot>) -> Self {
        let mut new = Self::default();
        for (queue, tasks) in snapshot.iter().flat_map(|snapshot| &snapshot.queues) {
            new.depths.insert(*queue, tasks.len() as u64);
            new.places.extend(tasks.iter().map(|&task| (task, *queue)));
        }
        new
    }

    /// The queues that have another depth after that, with the depth.
    pub(super) fn apply(&mut self, what: &What) -> Vec<(Queue, u64)> {
        match *what {
            What::Enqueue { task, queue, depth } => {
                let mut changed = self.leave(task);
                changed.retain(|&(left, _)| left != queue);
                self.displace(task, queue);
                self.places.insert(task, queue);
                self.depths.insert(queue, depth);
                changed.push((queue, depth));
                changed
            }
            What::Steal { to, ref tasks, .. } => {
                let to = Queue::Local(to);
                let mut changed: BTreeMap<Queue, u64> = BTreeMap::new();
                for &task in tasks {
                    changed.extend(self.leave(task));
                    self.places.insert(task, to);
                    let depth = self.depths.entry(to).or_default();
                    *depth = depth.saturating_add(1);
                    changed.insert(to, *depth);
                }
                changed.into_iter().collect()
            }
            What::PollStart { task, .. } | What::TaskEnd { task, .. } => self.leave(task),
            _ => Vec::new(),
        }
    }

    /// Whom a task displaces from a slot, if it goes into one, is said to be queued elsewhere before this or after.
    fn displace(&mut self, task: u64, queue: Queue) {
        if !matches!(queue, Queue::Lifo(_)) {
            return;
        }
        let displaced = self.slots.insert(queue, task);
        if let Some(displaced) = displaced.filter(|displaced| self.places.get(displaced) == Some(&queue)) {
            self.places.remove(&displaced);
        }
    }

    fn leave(&mut self, task: u64) -> Vec<(Queue, u64)> {
        let Some(queue) = self.places.remove(&task) else {
            return Vec::new();
        };
        let depth = self.depths.entry(queue).or_default();
        *depth = depth.saturating_sub(1);
        vec![(queue, *depth)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stolen_leaves_one_queue_and_is_in_the_other() {
        let mut depths = Depths::default();
        for (task, depth) in [(1, 1), (2, 2), (3, 3)] {
            let changed = depths.apply(&What::Enqueue {
                task,
                queue: Queue::Local(0),
                depth,
            });
            assert_eq!(changed, [(Queue::Local(0), depth)]);
        }
        let changed = depths.apply(&What::Steal {
            from: 0,
            to: 1,
            tasks: vec![1, 2],
        });
        assert_eq!(changed, [(Queue::Local(0), 1), (Queue::Local(1), 2)]);
        let changed = depths.apply(&What::PollStart {
            task: 2,
            n: 1,
            queue: None,
        });
        assert_eq!(changed, [(Queue::Local(1), 1)]);
    }

    #[test]
    fn a_task_that_displaces_another_from_its_slot_is_alone_there() {
        let mut depths = Depths::default();
        depths.apply(&What::Enqueue {
            task: 1,
            queue: Queue::Lifo(0),
            depth: 1,
        });
        depths.apply(&What::Enqueue {
            task: 2,
            queue: Queue::Lifo(0),
            depth: 1,
        });
        let changed = depths.apply(&What::Enqueue {
            task: 1,
            queue: Queue::Local(0),
            depth: 5,
        });
        assert_eq!(changed, [(Queue::Local(0), 5)]);
    }

    #[test]
    fn a_task_that_is_displaced_first_leaves_its_slot_empty() {
        let mut depths = Depths::default();
        depths.apply(&What::Enqueue {
            task: 1,
            queue: Queue::Lifo(0),
            depth: 1,
        });
        let changed = depths.apply(&What::Enqueue {
            task: 1,
            queue: Queue::Local(0),
            depth: 5,
        });
        assert_eq!(changed, [(Queue::Lifo(0), 0), (Queue::Local(0), 5)]);
        let changed = depths.apply(&What::Enqueue {
            task: 2,
            queue: Queue::Lifo(0),
            depth: 1,
        });
        assert_eq!(changed, [(Queue::Lifo(0), 1)]);
    }
}
