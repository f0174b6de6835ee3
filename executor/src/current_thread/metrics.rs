//! The numbers of a current-thread runtime.

use crate::home::Home;
use crate::local;
use crate::metrics::{Metrics, WorkerMetrics};

impl Home {
    pub(crate) fn metrics(&self) -> Metrics {
        let tasks = self.owned.tally() + self.entries.tally();
        let driver = WorkerMetrics {
            polls: self.polls.get(),
            busy: self.counters.busy.get(),
            parks: self.counters.parks.get(),
            steals: 0,
            queue_depth: local::queued_if_driving(self).unwrap_or_else(|| self.queued.get() as usize),
            driver_turns: self.counters.turns.get(),
        };
        Metrics {
            workers: vec![driver],
            injector_depth: self.mail(),
            tasks_alive: tasks.alive,
            tasks_spawned: tasks.spawned,
            schedule_latency: self.latency.histogram(),
            blocking: self.blocking.metrics().into(),
            // Last: nobody was busy for longer than this.
            elapsed: self.counters.busy.epoch().elapsed(),
        }
    }
}
