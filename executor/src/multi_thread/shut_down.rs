//! The end of a runtime: every task is cancelled, by all workers together.
//!
//! 1. The tables are closed: what is spawned from now on is cancelled at once. Every worker is told, and leaves its loop
//!    at the end of the poll that it is in.
//! 2. The idle tasks are claimed, once, and put where any worker takes them from. Tasks that are queued or running are
//!    marked; whoever has them cancels them instead of going on.
//! 3. The workers cancel what they find, in any shard, so that a destructor which waits for another task's only keeps
//!    its own thread. They sleep in between: a waker that has just set SCHEDULED may not have pushed its task yet.
//!    Before they sleep they drop their thread's local tasks, for which what is left elsewhere may wait, and close every
//!    driver, so that a task which blocks on a socket in `block_in_place` is told.
//! 4. When the tables are empty each worker drops its driver, and ends.
//!
//! Who waits for that may give up at a deadline: the threads go on by themselves, and a poll or a destructor that does not
//! return keeps its own thread; the others too if its task is anybody's, or if that thread has not taken out yet what it
//! completed before (`finished`).

use std::io::{self, Write};
use std::thread;
use std::time::Instant;

use super::shard::BrokenPark;
use super::shared::Shared;
use super::worker::Worker;
use crate::local;
use crate::park::{BROKEN_PARK, Park};
use crate::shutdown_report::ShutdownReport;
use crate::task::Runnable;

impl Shared {
    // BOOK: ch12
    /// Steps 1 and 2.
    pub(super) fn begin_shut_down(&self) {
        // Before a worker can see that it is to end: it ends as soon as the tables are empty, and then nobody would be
        // there for a task that still entered one.
        for table in self.tables() {
            table.close();
        }
        if !self.threads.close() {
            // Somebody else sees to the tasks. He may not have come to this yet, for which this caller is about to wait.
            self.blocking.close();
            return;
        }
        for claimed in self.tables().flat_map(|table| table.claim_idle()) {
            self.claimed.push(claimed);
        }
        self.unpark_all();
        self.threads.entries.unpark_followers();
        self.blocking.close();
    }

    /// A driver panicked. Who waits for its sockets or timers would wait for ever, so the runtime shuts down.
    #[cold]
    pub(super) fn driver_failed(&self, worker: usize, park: BrokenPark) {
        // A closed stderr is no reason to panic.
        let _ = writeln!(
            io::stderr(),
            "reveille: the driver of worker {worker} panicked; the runtime shuts down"
        );
        park.drop_contained();
        self.begin_shut_down();
    }

    /// Waits until every thread, of the workers and of the blocking pool, has ended. Whether they have.
    pub(super) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        self.threads.wait_for_end(deadline) && self.blocking.wait_for_end(deadline)
    }

    /// What has not ended.
    pub(super) fn what_is_left(&self) -> ShutdownReport {
        let entries = self.threads.entries.all();
        let local = entries.iter().flat_map(|entry| entry.owned().list());
        let tasks = self.tables().flat_map(|table| table.list()).chain(local);
        ShutdownReport {
            tasks: tasks.collect(),
            jobs: self.blocking.jobs(),
            threads: self.threads.alive() + self.blocking.other_threads(),
        }
    }

    pub(super) fn unpark_all(&self) {
        for shard in &self.shards {
            shard.unpark();
        }
    }

    /// A queued task of any shard.
    fn next_to_cancel(&self) -> Option<Runnable> {
        let of_shards = self
            .shards
            .iter()
            .find_map(|shard| shard.next.take().or_else(|| shard.ring.pop()));
        of_shards.or_else(|| self.injector.pop())
    }
}

impl Worker {
    /// Steps 3 and 4.
    pub(super) fn shut_down(mut self) {
        if self.searching {
            self.searching = false;
            let _ = self.shared.idle.end_search(self.index);
        }
        let mut closed = false;
        loop {
            if let Some(claimed) = self.shared.claimed.pop() {
                claimed.cancel();
            } else if let Some(task) = self.shared.next_to_cancel() {
                // One notification may stand for several pushes, and this one's destructor may wait for another's.
                if self.shared.has_work() {
                    self.shared.notify();
                }
                self.shard.running.begin(&task);
                task.cancel();
                self.shard.running.end();
            } else if self.entry.has_local_tasks() {
                // Before it sleeps: what is left elsewhere may wait for one of these to be dropped. Its thread sleeps by
                // itself meanwhile, not in the driver.
                self.shared.take_out_kept();
                self.entry.set_driving(false);
                self.entry.cancel_local_tasks();
                self.entry.set_driving(true);
            } else if !self.has_tasks() {
                break;
            } else if !closed {
                closed = true;
                self.close_drivers();
            } else {
                self.wait_for_tasks();
            }
        }
        // The others may sleep, waiting for the task that this one cancelled last.
        self.shared.unpark_all();
        let park = self.shard.take_park();
        self.shared.stand_up(self.index, &self.entry);
        // Who waits for its sockets and timers is woken, and finds them closed.
        drop(park);
    }

    /// Whether there is a task that is not complete, or that another worker keeps; who sleeps for that is woken when that
    /// one has nothing left to cancel.
    fn has_tasks(&self) -> bool {
        self.shared.take_out_kept();
        self.shared.tables().any(|table| !table.is_empty())
    }

    /// What is left runs: if it blocks on a socket, in `block_in_place`, it waits for this.
    fn close_drivers(&mut self) {
        for (index, shard) in self.shared.shards.iter().enumerate() {
            let close = |park: &mut dyn Park| park.close(&mut self.woken);
            // Its own it waits for: the monitor may turn it just now, and nobody else would close it. Whoever sleeps in
            // another one holds that, and comes here when it wakes up; for who is stuck the monitor does this.
            let closed = if index == self.index {
                shard.with_park(close)
            } else {
                shard.try_with_park(close)
            };
            if let Err(broken) = closed {
                broken.drop_contained();
            }
        }
        reveille_context::wake::wake_all(&mut self.woken);
    }

    /// Sleeps until somebody pushes a task, or has cancelled the last.
    fn wait_for_tasks(&mut self) {
        let _ = self.shared.idle.announce(self.index, false);
        let is_queued = |shared: &Shared| {
            let in_slots = shared.shards.iter().any(|shard| !shard.next.is_empty());
            in_slots || !shared.claimed.is_empty() || shared.has_work()
        };
        if !is_queued(&self.shared) {
            let shard = &*self.shard;
            let parked = shard.with_park(|park| {
                let _elsewhere = local::as_if_elsewhere();
                park.park(None, &mut self.woken);
            });
            if let Err(broken) = parked {
                broken.drop_contained();
            }
            if !shard.has_park() {
                // It broke, so nobody can unpark this worker; what is left is looked at every now and then.
                thread::sleep(BROKEN_PARK);
            }
        }
        if self.shared.idle.retract(self.index) {
            // It was claimed for a push, which the loop finds.
            let _ = self.shared.idle.end_search(self.index);
        }
        reveille_context::wake::wake_all(&mut self.woken);
    }
}
