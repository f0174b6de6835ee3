//! Tasks that end on another worker than the one that spawned them: they are taken out of that one's table several at a time,
//! since to lock it each time would have the two wait for each other.

use super::shared::Shared;
use crate::local;
use crate::primitive::Ordering;
use crate::task::Finished;

/// How many complete tasks a worker keeps at most.
const MOST: usize = 32;

impl Shared {
    /// Takes a complete task out of its table, now or soon.
    pub(super) fn take_out(&self, task: Finished) {
        let number = task.place().table;
        let Some(table) = self.owned(number) else { return };
        let Some(index) = local::shard_of(self) else {
            // Relaxed: only the metrics ask.
            self.ended_elsewhere.fetch_add(1, Ordering::Relaxed);
            return table.remove(task, false);
        };
        self.shards[index].counters.ended.add(1);
        if usize::from(number) == index {
            return table.remove(task, false);
        }
        task.keep();
        if local::keep_finished(task) >= MOST {
            self.take_out_kept();
        }
    }

    /// Takes out what this worker has kept: before it sleeps, with each turn, and when it leaves its shard.
    pub(super) fn take_out_kept(&self) {
        let Some(mut kept) = local::take_finished() else {
            return;
        };
        kept.sort_unstable_by_key(|task| task.place().table);
        for tasks in kept.chunk_by(|one, other| one.place().table == other.place().table) {
            self.owned(tasks[0].place().table)
                .expect("it was found before")
                .remove_all(tasks);
        }
        kept.clear();
        local::give_back_finished(kept);
        if self.threads.is_closing() {
            // Who sleeps may wait for the tables to be empty, and nothing else.
            self.unpark_all();
        }
    }

    /// How many tasks have ended, whether they are in a table still or not.
    pub(super) fn ended(&self) -> u64 {
        let by_workers = self.shards.iter().map(|shard| shard.counters.ended.get());
        by_workers.sum::<u64>() + self.ended_elsewhere.load(Ordering::Relaxed)
    }
}
