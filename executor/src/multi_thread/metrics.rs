//! The numbers of a multi-thread runtime.

use super::shard::Shard;
use super::shared::Shared;
use crate::metrics::{Metrics, WorkerMetrics};

impl Shared {
    pub(crate) fn metrics(&self) -> Metrics {
        let workers = self.shards.iter().map(|shard| shard.metrics()).collect();
        // First: of what was spawned until then no more than this has ended.
        let ended = self.ended();
        let spawned = self.tables().map(|table| table.tally().spawned).sum::<u64>();
        let local = self.threads.entries.tally();
        Metrics {
            workers,
            injector_depth: self.injector.len(),
            tasks_alive: spawned.saturating_sub(ended) as usize + local.alive,
            tasks_spawned: spawned + local.spawned,
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
