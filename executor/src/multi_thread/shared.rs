//! What all workers of a runtime share, and where its woken tasks go.

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use std::sync::{Arc, OnceLock};

use reveille_context::event::{self, Queue};

use super::idle::Idle;
use super::injector::{Injector, Pushed};
use super::look;
use super::monitor::Monitor;
use super::shard::{RING, Shard};
use super::threads::Threads;
use crate::blocking::{BlockingPool, PoolConfig};
use crate::config::Config;
use crate::entries::Entries;
use crate::entry::Entry;
use crate::local;
use crate::owned::OwnedTasks;
use crate::park::Park;
use crate::primitive::{AtomicU64, SegQueue};
use crate::quiescence::{Answers, Quiescence};
use crate::schedule_latency::ScheduleLatency;
use crate::task::{self, Claimed, Finished, PanicPolicy, Place, Runnable, Schedule, Wakers};

/// The home of a multi-thread runtime's tasks.
pub(crate) struct Shared {
    pub(super) shards: Box<[Arc<Shard>]>,
    /// Tasks that no worker pushed, or for which its own queue had no room.
    pub(super) injector: Injector,
    /// The tasks that no worker spawned.
    pub(super) spawned_elsewhere: OwnedTasks,
    /// Idle tasks that are to be cancelled, by whichever worker comes first.
    pub(super) claimed: SegQueue<Claimed>,
    pub(super) idle: Idle,
    pub(super) monitor: Monitor,
    pub(super) threads: Threads,
    /// Of the workers' own threads: where tasks that were sent to one of them go.
    pub(super) own: Box<[OnceLock<Arc<Entry>>]>,
    pub(crate) blocking: Arc<BlockingPool>,
    pub(crate) quiescence: Arc<Quiescence>,
    pub(super) latency: ScheduleLatency,
    /// How many tasks have ended on threads that work no shard.
    pub(super) ended_elsewhere: AtomicU64,
    /// Whether a worker that ran dry may search on for a moment.
    pub(super) looks_pay: bool,
    pub(super) config: Config,
}

impl Shared {
    pub(super) fn new(parks: Vec<Box<dyn Park>>, config: Config) -> Self {
        let workers = parks.len();
        let shards = parks.into_iter().enumerate().map(|(index, park)| {
            let number = u16::try_from(index).expect("fewer than 2^16 workers");
            Arc::new(Shard::new(number, park))
        });
        let shards: Box<[Arc<Shard>]> = shards.collect();
        let quiescence = Quiescence::new(config.on_quiescent.clone(), shards[0].unparker.clone());
        let quiescence = Arc::new(quiescence);
        Self {
            shards,
            injector: Injector::new(),
            spawned_elsewhere: OwnedTasks::new(ELSEWHERE),
            claimed: SegQueue::new(),
            idle: Idle::new(workers),
            monitor: Monitor::new(),
            threads: Threads::new(),
            own: (0..workers).map(|_| OnceLock::new()).collect(),
            blocking: BlockingPool::new(PoolConfig::new(&config, &quiescence)),
            quiescence,
            latency: ScheduleLatency::new(),
            ended_elsewhere: AtomicU64::new(0),
            looks_pay: look::is_possible(),
            config,
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.shards.len()
    }

    /// Whether the runtime shuts down, or has.
    pub(crate) fn is_closing(&self) -> bool {
        self.threads.is_closing()
    }

    /// Whether a task's panic shut the runtime down.
    pub(crate) fn is_down(&self) -> bool {
        self.threads.has_panicked()
    }

    /// Who runs its tasks, or is in its `block_on`.
    pub(crate) fn entries(&self) -> &Entries {
        &self.threads.entries
    }

    /// Of a worker's own thread.
    pub(crate) fn entry(&self, worker: usize) -> Option<&Arc<Entry>> {
        self.own.get(worker)?.get()
    }

    /// The table for a task that is spawned on this thread.
    pub(crate) fn owned_here(&self) -> &OwnedTasks {
        match local::shard_of(self) {
            Some(index) => &self.shards[index].owned,
            None => &self.spawned_elsewhere,
        }
    }

    /// The table of that number.
    pub(super) fn owned(&self, table: u16) -> Option<&OwnedTasks> {
        if table == ELSEWHERE {
            return Some(&self.spawned_elsewhere);
        }
        self.shards.get(table as usize).map(|shard| &shard.owned)
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &OwnedTasks> {
        let shards = self.shards.iter().map(|shard| &shard.owned);
        shards.chain([&self.spawned_elsewhere])
    }

    /// Queues a task for any worker, who finds it when what this returns is dropped.
    pub(super) fn inject(&self, task: Runnable) -> Injected<'_> {
        task.tell_queued(|| Queue::Global);
        let pushed = self.injector.push(task);
        let claimed = self.idle.notify_under_lock();
        Injected {
            _pushed: pushed,
            _unpark: claimed.map(|worker| Unpark(self.shards[worker].clone())),
        }
    }

    /// Queues a task that was woken in its poll on a thread that works no shard any more; or a local one, which is its own.
    pub(super) fn queue_elsewhere(&self, task: Runnable) {
        if task.is_local() {
            local::push(task);
        } else {
            drop(self.inject(task));
        }
    }

    /// After a push: unparks a worker if nobody is there to find it.
    pub(super) fn notify(&self) {
        if let Some(worker) = self.idle.notify() {
            self.shards[worker].unpark();
        }
    }

    /// Whether there is a queued task that any worker may take. Who has said before that it sleeps, or searches no more, misses none
    /// that is pushed without a word to it.
    pub(super) fn has_work(&self) -> bool {
        self.seems_to_have_work() || !self.injector.is_empty()
    }

    /// The same, for one who looks again before it sleeps.
    pub(super) fn seems_to_have_work(&self) -> bool {
        !self.injector.seems_empty() || self.shards.iter().any(|shard| !shard.ring.is_empty())
    }

    /// Looks whether the runtime is at rest, by a worker that is parked as others see it.
    pub(super) fn look_for_rest(&self) {
        self.quiescence.look(|answers| self.is_at_rest(answers));
    }

    fn is_at_rest(&self, answers: &mut Answers) -> bool {
        let Some(hands) = self.monitor.hands() else {
            return false;
        };
        answers.push(hands);
        for (index, shard) in self.shards.iter().enumerate() {
            if !self.idle.is_parked(index) {
                return false;
            }
            // After its bit, with which they are released.
            answers.push(shard.running.polls());
            answers.push(shard.counters.parks.get());
            answers.push(shard.counters.turns.get());
        }
        let (blocking, begun) = self.blocking.demand();
        answers.push(begun);
        !self.has_work() && self.entries().are_at_rest(blocking, answers)
    }

    /// Puts a task behind all others of a shard that this thread works.
    #[inline]
    pub(super) fn push_back(&self, shard: &Shard, task: Runnable) {
        task.tell_queued(|| shard.queue());
        if let Err(task) = shard.ring.push(task) {
            self.overflow(shard, task);
        }
    }

    /// Half of a full queue goes to the injector, the oldest first, and the task behind them.
    #[cold]
    fn overflow(&self, shard: &Shard, task: Runnable) {
        if let Some(half) = shard.ring.take_lot(RING / 2) {
            half.iter().for_each(|task| task.tell_queued(|| Queue::Global));
            self.injector.extend(half);
        }
        drop(self.inject(task));
    }

    /// Takes a task from the injector, and a fair share of what else is there along.
    pub(super) fn take_injected(&self, shard: &Shard) -> Option<Runnable> {
        let first = self.injector.pop()?;
        let share = self.injector.len() / self.shards.len();
        // Half of the queue stays free for what is pushed here: what overflows goes behind everything else once more.
        let room = (RING / 2).saturating_sub(shard.ring.len());
        self.injector.take(share.min(room), |task| {
            task.tell_queued(|| shard.queue());
            let pushed = shard.ring.push(task);
            debug_assert!(pushed.is_ok(), "there is room: others only take");
        });
        // Who looked between the two saw neither queue.
        if share > 0 {
            self.notify();
        }
        Some(first)
    }

    /// Takes half of another shard's queue, to run the first at once. `from` is where the search begins.
    pub(super) fn steal(&self, thief: usize, from: usize) -> Option<Runnable> {
        let here = &self.shards[thief];
        let workers = self.shards.len();
        let others = (0..workers).map(|offset| (from + offset) % workers);
        for victim in others.filter(|victim| *victim != thief) {
            let tell = |task| task::tell_stolen(task, victim, thief);
            if let Some(first) = self.shards[victim].ring.steal(&here.ring, tell) {
                here.counters.steals.add(1);
                return Some(first);
            }
        }
        self.take_injected(here)
    }
}

/// A task that is being handed to the workers. To drop this lets them have it, and then unparks the one that was claimed.
///
/// So the one that is claimed is known, and kept, before anybody can run the task, and with it perhaps the runtime to its end.
#[must_use]
pub(crate) struct Injected<'a> {
    // In this order: to unpark is foreign code, for which no lock is held.
    _pushed: Pushed<'a>,
    _unpark: Option<Unpark>,
}

struct Unpark(Arc<Shard>);

impl Drop for Unpark {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.tables().for_each(OwnedTasks::end_process_unless_empty);
    }
}

/// The number of the table for what no worker spawned.
const ELSEWHERE: u16 = u16::MAX - 1;

impl Schedule for Shared {
    const LOCAL: bool = false;
    const BOUND: bool = false;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Shared> = Wakers::new();
        &WAKERS
    }

    #[inline]
    fn push_here<const TOLD: bool>(shared: &Self, task: Runnable) -> Result<(), Runnable> {
        let Some(index) = local::shard_of(shared) else {
            return Err(task);
        };
        let shard = &shared.shards[index];
        let behind = if local::note_push() {
            if TOLD && event::is_on() && shard.next.is_empty() {
                task.tell_queued(|| Queue::Lifo(index));
            }
            shard.next.push(task)
        } else {
            Err(task)
        };
        if let Err(behind) = behind {
            shared.push_back(shard, behind);
        }
        Ok(())
    }

    type Pushed<'a> = Injected<'a>;

    fn push_from_elsewhere(shared: &Self, task: Runnable) -> Injected<'_> {
        shared.inject(task)
    }

    fn latency(&self) -> Option<&ScheduleLatency> {
        Some(&self.latency)
    }

    fn release(&self, task: Finished, _: bool) {
        self.take_out(task);
    }

    fn name(&self, place: Place) -> Option<Arc<str>> {
        self.owned(place.table)?.name(place)
    }

    fn panic_policy(&self) -> PanicPolicy {
        self.config.panic_policy
    }

    fn shut_down_after_panic(&self) {
        self.threads.note_panic();
        self.begin_shut_down();
        // Also if it closes already: those who were told of that sleep again, and do not know of the panic.
        self.entries().unpark_followers();
    }
}
