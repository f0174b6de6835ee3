//! The monitor: a thread that sees to a worker's sockets, timers and queue while a poll keeps it, and says which one.
//!
//! It looks at the workers every now and then, from every 20 µs to every 4 ms, and every millisecond while one is stuck. When
//! all are parked it sleeps for good:
//!
//! ```text
//!                    watch: all parked for ten looks
//!   AWAKE ───────────────────────────────────────────────────▶ ASLEEP
//!     ▲                                                          │
//!     └──────────────────────────────────────────────────────────┘
//!                    rouse, by a worker that leaves its park
//! ```
//!
//! The monitor stores ASLEEP, fences, and looks again whether all are parked; a worker that leaves its park clears
//! its bit, fences, and looks for ASLEEP. So either the monitor sees a running worker, or that worker rouses it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reveille_context::event::Queue;
use reveille_context::wake;

use super::shared::Shared;
use crate::primitive::{AtomicBool, AtomicU64, Condvar, Mutex, Ordering, fence, lock, wait, wait_for};
use crate::slow_poll::{Reports, SlowPoll};

// BOOK: ch09
/// What others know of the monitor.
pub(super) struct Monitor {
    asleep: AtomicBool,
    /// Whether it was roused since it fell asleep.
    roused: Mutex<bool>,
    condvar: Condvar,
    /// Odd while it has tasks or wakers in its hands; each time is another one.
    handing_on: AtomicU64,
}

impl Monitor {
    pub(super) fn new() -> Self {
        Self {
            handing_on: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
            roused: Mutex::new(false),
            condvar: Condvar::new(),
        }
    }

    /// `None` while it has something in its hands that is in no queue, else a number that changes whenever it has.
    pub(super) fn hands(&self) -> Option<u64> {
        // Acquire: pairs with the Release of the change.
        let number = self.handing_on.load(Ordering::Acquire);
        (number % 2 == 0).then_some(number)
    }

    /// By a worker that is not parked any more, after its bit is cleared.
    #[inline]
    pub(super) fn rouse(&self) {
        // Pairs with the fence in `sleep`.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Makes it look now, if it waits between two looks.
    pub(super) fn hurry(&self) {
        self.rouse();
        self.condvar.notify_one();
    }

    #[cold]
    fn wake(&self) {
        if self.asleep.swap(false, Ordering::Relaxed) {
            *lock(&self.roused) = true;
            self.condvar.notify_one();
        }
    }

    /// Sleeps until it is roused, unless somebody `is_up`.
    pub(super) fn sleep(&self, is_up: impl FnOnce() -> bool) {
        // A swap, not a store: loom orders a store beside the others' swaps in ways that no machine does.
        self.asleep.swap(true, Ordering::Relaxed);
        // Pairs with the fence in `rouse`.
        fence(Ordering::SeqCst);
        if is_up() && self.asleep.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut roused = lock(&self.roused);
        while !*roused {
            roused = wait(&self.condvar, roused);
        }
        *roused = false;
    }

    /// Waits between two looks.
    fn pause(&self, pause: Duration) {
        // Only `hurry` ends it early; one that comes too soon costs no more than the pause.
        wait_for(&self.condvar, lock(&self.roused), pause);
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(4);
/// How long a poll may keep a worker before others see to its shard, and how often they do.
const STUCK_AFTER: Duration = Duration::from_millis(if cfg!(shuttle) { 0 } else { 1 });
/// After so many looks at parked workers it sleeps for good.
const IDLE_LOOKS: u32 = if cfg!(shuttle) { 2 } else { 10 };

/// What the monitor remembers of one worker.
struct Watched {
    polls: u64,
    /// When it first saw that many.
    since: Instant,
    reported: bool,
    turns: u64,
    /// When it last saw the worker's driver turned, or the worker parked.
    turned: Instant,
}

impl Shared {
    /// The monitor's thread.
    pub(super) fn watch(self: &Arc<Self>) {
        let now = Instant::now();
        let watched = self.shards.iter().map(|shard| Watched {
            polls: shard.running.polls(),
            since: now,
            reported: false,
            turns: shard.counters.turns.get(),
            turned: now,
        });
        let mut watched: Vec<_> = watched.collect();
        let mut reports = Reports::new(&self.config);
        let mut pause = SHORTEST_PAUSE;
        let mut idle_looks = 0;
        while !(self.threads.is_closing() && self.threads.alive() == 0) {
            self.monitor.pause(pause);
            let mut stuck = false;
            for (worker, watched) in watched.iter_mut().enumerate() {
                stuck |= self.look_at(worker, watched, &mut reports);
            }
            idle_looks = if self.idle.all_parked() { idle_looks + 1 } else { 0 };
            pause = if stuck {
                STUCK_AFTER
            } else {
                (pause * 2).min(LONGEST_PAUSE)
            };
            if idle_looks >= IDLE_LOOKS && !self.threads.is_closing() {
                self.monitor
                    .sleep(|| !self.idle.all_parked() || self.threads.is_closing());
                idle_looks = 0;
                pause = SHORTEST_PAUSE;
            }
        }
    }

    /// Whether that worker is stuck; if so, its shard has been seen to.
    fn look_at(self: &Arc<Self>, worker: usize, watched: &mut Watched, reports: &mut Reports) -> bool {
        let running = &self.shards[worker].running;
        let now = Instant::now();
        let polls = running.polls();
        let turns = self.shards[worker].counters.turns.get();
        let is_parked = self.idle.is_parked(worker);
        if turns != watched.turns || is_parked {
            (watched.turns, watched.turned) = (turns, now);
        }
        if polls != watched.polls || is_parked {
            (watched.polls, watched.since, watched.reported) = (polls, now, false);
            // It runs, but its polls are too long for its own pace: others may wait for its sockets.
            let late = !is_parked && now.saturating_duration_since(watched.turned) >= STUCK_AFTER;
            if late {
                self.hand_on(|| self.turn_for(worker));
            }
            return late;
        }
        let elapsed = now.saturating_duration_since(watched.since);
        if elapsed < STUCK_AFTER {
            return false;
        }
        self.hand_on(|| self.rescue(worker));
        if elapsed >= self.config.slow_poll_threshold && !watched.reported {
            if let Some(slow) = self.slow_poll(worker, elapsed) {
                watched.reported = true;
                reports.report(&slow);
            }
        }
        true
    }

    /// Lets it be seen that tasks and wakers are in the monitor's hands.
    fn hand_on(&self, hand_on: impl FnOnce()) {
        // AcqRel, both: whoever finds a queue emptied in there sees the first, and whoever sees the second what was pushed.
        self.monitor.handing_on.fetch_add(1, Ordering::AcqRel);
        // An unparker is foreign code; if it panics nothing is left in the monitor's hands all the same.
        wake::contain(hand_on);
        self.monitor.handing_on.fetch_add(1, Ordering::AcqRel);
        // A worker may have looked in vain meanwhile.
        wake::contain(|| self.quiescence.have_a_look());
    }

    /// Hands a stuck worker's queue on and turns its driver.
    fn rescue(&self, worker: usize) {
        let shard = &self.shards[worker];
        let mut found = false;
        // An only worker would get them back from there, in another order.
        if self.shards.len() > 1 {
            while let Some(task) = shard.ring.pop().or_else(|| shard.next.take()) {
                task.tell_queued(|| Queue::Global);
                drop(self.injector.push(task));
                found = true;
            }
        }
        if found || !self.injector.seems_empty() {
            self.notify();
        }
        self.turn_for(worker);
    }

    /// Turns the driver of a worker that does not get to it.
    fn turn_for(&self, worker: usize) {
        let shard = &self.shards[worker];
        let mut woken = Vec::new();
        let closing = self.threads.is_closing();
        let turned = shard.try_with_park(|park| {
            if closing {
                park.close(&mut woken);
            }
            park.turn(&mut woken);
        });
        wake::wake_all(&mut woken);
        if let Err(broken) = turned {
            self.driver_failed(worker, broken);
        }
    }

    fn slow_poll(&self, worker: usize, elapsed: Duration) -> Option<SlowPoll> {
        let shard = &self.shards[worker];
        let (id, place) = shard.running.task()?;
        let info = match self.owned(place.table) {
            Some(table) => table.info(place, id)?,
            // A local task of the thread that works the shard.
            None => shard.seat.entry()?.owned().info(place, id)?,
        };
        Some(SlowPoll {
            task: info.id,
            name: info.name,
            spawned_at: info.spawned_at,
            worker,
            elapsed,
            has_ended: false,
            others: Vec::new(),
        })
    }
}
