//! The numbers of a multi-thread runtime.

use super::shard::Shard;
use super::shared::Shared;
use crate::metrics::{Metrics, WorkerMetrics};
use crate::owned::{OwnedTasks, Tally};

impl Shared {
    pub(crate) fn metrics(&self) -> Metrics {
        let workers = self.shards.iter().map(|shard| shard.metrics()).collect();
        let kept = self.kept();
        let tasks = self.tables().map(OwnedTasks::tally).sum::<Tally>() + self.threads.entries.tally();
        Metrics {
            workers,
            injector_depth: self.injector.len(),
            tasks_alive: tasks.alive.saturating_sub(kept),
            tasks_spawned: tasks.spawned,
            schedule_latency: self.latency.histogram(),
            blocking: self.blocking.metrics().into(),
            // Last: nobody was busy for longer than this.
            elapsed: self.shards[0].counters.busy.epoch().elapsed(),
        }
    }
}

impl Shard {
    fn metrics(&self) -> WorkerMetrics {
        WorkerMetrics {
            polls: self.running.polls(),
            busy: self.counters.busy.get(),
            parks: self.counters.parks.get(),
            steals: self.counters.steals.get(),
            queue_depth: self.queued(),
            driver_turns: self.counters.turns.get(),
        }
    }
}
