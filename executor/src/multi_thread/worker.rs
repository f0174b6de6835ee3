//! A worker: the loop of a thread that runs tasks, and how it goes to sleep.

use std::hint;
use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use reveille_context::event::{self, Event, Role};
use reveille_context::wake;

use super::look::{LONGEST, Look};
use super::shard::Shard;
use super::shared::Shared;
use crate::entry::Entry;
use crate::local;
use crate::pace::Pace;
use crate::root::run_batch;
use crate::task::Runnable;

// BOOK: ch14
/// A thread that works a shard.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) entry: Arc<Entry>,
    pub(super) index: usize,
    /// That of `index`.
    pub(super) shard: Arc<Shard>,
    /// Whether the thread is the shard's own, not a substitute.
    own: bool,
    /// Counts the tasks that were looked for.
    tick: u32,
    /// How many tasks in a row came out of the slot for the next.
    in_a_row: u32,
    /// Whether it counts as one who searches.
    pub(super) searching: bool,
    pace: Pace,
    look: Look,
    /// It looked around instead of sleeping.
    owes_a_turn: bool,
    /// A task that woke itself while there was no other: it needs no queue in between. Nobody else finds it here, so it is
    /// queued before anything but the next poll.
    again: Option<Runnable>,
    /// Reused by every turn.
    pub(super) woken: Vec<Waker>,
}

/// Why a worker stopped to work its shard.
enum Left {
    /// The runtime shuts down.
    Closing,
    /// A task that it ran left the shard, to block.
    Blocked,
    /// The shard's own thread is back.
    Wanted,
}

/// How often the injector and the mailbox are looked at even if there is other work: every 61 tasks, as tokio does.
const FAIR: u32 = 61;

/// How many tasks in a row may come out of the slot for the next, so that two that wake each other do not keep the others
/// waiting.
const SLOT_IN_A_ROW: u32 = 3;

/// Between two looks at the queues, so that those who push are left alone with them.
const PAUSES: u32 = 16;

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, entry: Arc<Entry>, index: usize, own: bool) -> Self {
        Self {
            look: Look::new(shared.looks_pay),
            shard: shared.shards[index].clone(),
            shared,
            entry,
            index,
            own,
            tick: 0,
            in_a_row: 0,
            searching: false,
            pace: Pace::default(),
            owes_a_turn: false,
            again: None,
            woken: Vec::new(),
        }
    }

    /// Until the runtime shuts down, or the thread is not needed any more.
    pub(super) fn run(mut self) {
        let mut works = self.take_seat();
        loop {
            let left = if works { self.work() } else { Left::Wanted };
            self.queue_again();
            match left {
                Left::Closing => return self.shut_down(),
                Left::Wanted if works => self.give_up_seat(),
                Left::Blocked | Left::Wanted => {}
            }
            works = self.follow();
            if !works {
                return;
            }
        }
    }

    /// Whether the runtime shuts down, or another thread wants the shard.
    #[inline]
    fn is_told_to_leave(&self) -> bool {
        self.shared.threads.is_closing() || !self.own && self.shard.seat.is_wanted()
    }

    fn work(&mut self) -> Left {
        loop {
            if self.shared.threads.is_closing() {
                return Left::Closing;
            }
            if !self.own && self.shard.seat.is_wanted() {
                return Left::Wanted;
            }
            let task = self
                .next()
                .or_else(|| self.search())
                .or_else(|| self.look_around());
            let Some(task) = task else {
                self.sleep();
                continue;
            };
            if !self.run_task(task) {
                return Left::Blocked;
            }
            if mem::take(&mut self.owes_a_turn) || self.pace.turn_is_due() {
                self.queue_again();
                self.turn();
            }
        }
    }

    /// The next task of this worker, without a look at the other shards.
    #[inline]
    fn next(&mut self) -> Option<Runnable> {
        self.tick = self.tick.wrapping_add(1);
        if self.tick % FAIR == 0 {
            self.queue_again();
            self.entry.receive();
            if let Some(task) = self.shared.take_injected(&self.shard) {
                return Some(task);
            }
        }
        if let Some(task) = self.again.take() {
            return Some(task);
        }
        // By turns with the shard's, since neither may keep the other waiting.
        if self.tick % 2 == 0 {
            if let Some(task) = local::pop() {
                return Some(task);
            }
        }
        if let Some(task) = self.next_of_shard() {
            return Some(task);
        }
        self.entry.receive();
        local::pop().or_else(|| self.shared.take_injected(&self.shard))
    }

    #[inline]
    fn next_of_shard(&mut self) -> Option<Runnable> {
        let shard = &*self.shard;
        if let Some(task) = shard.next.take() {
            if self.in_a_row < SLOT_IN_A_ROW {
                self.in_a_row += 1;
                return Some(task);
            }
            self.shared.push_back(shard, task);
        }
        self.in_a_row = 0;
        shard.ring.pop()
    }

    /// Runs a task. False if that left the shard to another thread.
    #[inline]
    fn run_task(&mut self, task: Runnable) -> bool {
        if self.searching {
            self.end_search();
        }
        self.shard.running.begin(&task);
        local::begin_poll();
        let again = task.run();
        let (ran, again) = match again {
            Some(task) => self.run_on(task),
            None => (1, None),
        };
        let pushed = local::end_poll();
        self.pace.count(ran);
        if local::shard_of(&self.shared).is_none() {
            if let Some(task) = again {
                self.shared.queue_elsewhere(task);
            }
            return false;
        }
        self.shard.running.end();
        let has_again = again.is_some();
        if let Some(task) = again {
            self.keep_or_queue(task);
        }
        if pushed || has_again && self.again.is_none() {
            self.notify_of_more();
        }
        true
    }

    /// Polls a task that woke itself on and on as long as nothing else is to be seen to: how often it was polled in all, and the
    /// task if it has woken itself again.
    #[inline(never)]
    fn run_on(&mut self, task: Runnable) -> (u32, Option<Runnable>) {
        let mut ran = 1;
        let mut again = Some(task);
        // What is empty here stays so until something is pushed: nobody else pushes here.
        if self.owes_a_turn || local::shard_of(&self.shared).is_none() || !self.shard.is_empty() {
            return (ran, again);
        }
        // The next is the tick of those that `next` has to do something with.
        let most = (FAIR - self.tick % FAIR).min(self.pace.left());
        while ran < most && local::has_only_polled(&self.shared) && !self.is_told_to_leave() {
            let Some(task) = again else { break };
            self.shard.running.begin_again();
            again = task.run();
            ran += 1;
        }
        self.tick = self.tick.wrapping_add(ran - 1);
        (ran, again)
    }

    /// A task that woke itself goes behind all others.
    #[inline]
    fn keep_or_queue(&mut self, task: Runnable) {
        let shard = &*self.shard;
        if shard.is_empty() && local::is_empty() {
            self.again = Some(task);
        } else if task.is_local() {
            local::push(task);
        } else {
            self.shared.push_back(shard, task);
        }
    }

    /// Puts what would run next where others find it.
    fn queue_again(&mut self) {
        let Some(task) = self.again.take() else { return };
        if task.is_local() || local::shard_of(&self.shared).is_none() {
            self.shared.queue_elsewhere(task);
        } else {
            self.shared.push_back(&self.shard, task);
        }
    }

    /// One runnable task needs nobody else: it runs here next. For more than one, whoever sleeps may help.
    #[inline]
    fn notify_of_more(&self) {
        if self.shared.idle.may_help() {
            self.notify_if_there_is_more();
        }
    }

    #[inline(never)]
    fn notify_if_there_is_more(&self) {
        if self.has_more() {
            self.shared.notify();
        }
    }

    /// Whether there are two queued tasks, of which another worker may take one.
    fn has_more(&self) -> bool {
        let shard = &*self.shard;
        // A task for anybody beside one that must run here is one too many as well.
        match (!shard.next.is_empty(), !local::is_empty()) {
            (true, true) => true,
            (false, false) => shard.ring.len() > 1,
            _ => !shard.ring.is_empty(),
        }
    }

    /// Looks for a task in the other shards, unless somebody else does.
    fn search(&mut self) -> Option<Runnable> {
        if !self.searching && !self.shared.idle.start_search(self.index) {
            return None;
        }
        self.searching = true;
        self.shared.steal(self.index, self.tick as usize)
    }

    /// Searches on for a moment, if that has spared it a sleep before: nobody is to be unparked for what is pushed
    /// meanwhile.
    fn look_around(&mut self) -> Option<Runnable> {
        // Where somebody waits for the runtime to be at rest, what comes next comes from that.
        if !self.searching || !self.look.pays() || self.shared.quiescence.is_awaited() {
            return None;
        }
        let until = Instant::now() + LONGEST;
        while Instant::now() < until && !self.is_asked() {
            if self.shared.seems_to_have_work() {
                if let Some(task) = self.shared.steal(self.index, self.tick as usize) {
                    self.look.has_found_something();
                    // A sleep would have looked at the driver.
                    self.owes_a_turn = true;
                    return Some(task);
                }
            }
            (0..PAUSES).for_each(|_| hint::spin_loop());
        }
        self.look.was_in_vain();
        None
    }

    /// Before it runs what it found; what was pushed meanwhile it answers for.
    fn end_search(&mut self) {
        self.searching = false;
        if self.shared.idle.end_search(self.index) && self.shared.has_work() {
            self.shared.notify();
        }
    }

    // BOOK: ch11
    fn sleep(&mut self) {
        if self.shared.quiescence.is_awaited() && self.finds_events() {
            return;
        }
        self.shared.take_out_kept();
        let searching = mem::take(&mut self.searching);
        let must_look = self.shared.idle.announce(self.index, searching);
        if must_look && self.shared.has_work() || self.is_asked() {
            self.rise();
            // It has seen what others may run, and runs one task of it or of its own: as the last who searched it
            // answers for the rest, so it searches on until it has something to run.
            if !self.searching {
                self.searching = self.shared.idle.start_search(self.index);
            }
            return;
        }
        if let Some(hook) = &self.shared.config.on_thread_park {
            // The queues were looked at: what it wakes must unpark.
            let _elsewhere = local::as_if_elsewhere();
            wake::contain(|| hook());
        }
        if self.shared.quiescence.is_awaited() {
            // As for the hook.
            let _elsewhere = local::as_if_elsewhere();
            self.shared.look_for_rest();
        }
        // When others are looked at is counted anew, so that a wake-up for nothing changes no order.
        self.tick = 0;
        let now = Instant::now();
        self.shard.counters.busy.end(now);
        self.look.falls_asleep(now);
        // Before the driver sleeps its own lock is taken, so nobody turns it meanwhile.
        let parked = self.shard.with_park(|park| {
            let _elsewhere = local::as_if_elsewhere();
            event::emit(move || Event::Park { timeout: None });
            park.park(None, &mut self.woken);
            event::emit(move || Event::Unpark);
        });
        self.rise();
        if self.searching {
            self.look.was_claimed(Instant::now());
        }
        // Who searches runs nobody's code, which may block; but for the hook, which may not.
        if self.searching && (parked.is_err() || !self.woken.is_empty()) {
            self.end_search();
        }
        if let Err(broken) = parked {
            self.shared.driver_failed(self.index, broken);
        }
        self.wake_up();
    }

    /// After it slept.
    fn wake_up(&mut self) {
        let now = Instant::now();
        self.shard.counters.busy.begin(now);
        self.shard.counters.parks.add(1);
        if let Some(hook) = &self.shared.config.on_thread_unpark {
            wake::contain(|| hook());
        }
        self.after_turn();
    }

    /// Before the runtime may be taken to be at rest: whether the driver has something that there is work in.
    fn finds_events(&mut self) -> bool {
        if self.searching {
            // What the driver wakes is foreign code.
            self.end_search();
        }
        self.turn();
        self.shared.has_work() || !local::is_empty()
    }

    /// Whether this worker in particular was asked for something.
    fn is_asked(&self) -> bool {
        self.entry.has_news() || self.is_told_to_leave()
    }

    /// It counts as running again.
    fn rise(&mut self) {
        self.searching = self.shared.idle.retract(self.index);
        self.shared.monitor.rouse();
    }

    /// Looks at sockets and timers, unless the monitor does just now.
    #[cold]
    fn turn(&mut self) {
        let turned = self.shard.try_with_park(|park| {
            let _elsewhere = local::as_if_elsewhere();
            park.turn(&mut self.woken);
        });
        if let Err(broken) = turned {
            self.shared.driver_failed(self.index, broken);
        }
        self.after_turn();
    }

    fn after_turn(&mut self) {
        self.shard.counters.turns.add(1);
        self.shared.take_out_kept();
        wake::wake_all(&mut self.woken);
        self.pace = Pace::default();
        self.notify_of_more();
    }

    /// Works the shard from now on, if nobody else does.
    fn take_seat(&mut self) -> bool {
        let taken = self.shard.seat.try_take(&self.entry);
        self.sit_down_if(taken)
    }

    fn sit_down_if(&self, taken: bool) -> bool {
        if taken {
            event::emit(move || Event::Thread {
                role: Role::Worker(self.index),
            });
            self.shared.sit_down(self.index, &self.entry);
        }
        taken
    }

    fn give_up_seat(&mut self) {
        if self.searching {
            self.end_search();
        }
        self.shared.stand_up(self.index, &self.entry);
    }

    /// Without a shard: runs the thread's local tasks until it has the shard again. False if the thread is to end:
    /// the runtime shuts down, or this is a substitute whose last local task is complete.
    fn follow(&mut self) -> bool {
        if self.own {
            self.shard.seat.ask(&self.entry);
            self.shard.unpark();
        }
        loop {
            self.entry.receive();
            run_batch();
            // Right before the park: user code may use up an unpark, so what it missed must be seen here.
            if self.shared.threads.is_closing() {
                // Somebody must see to what is in the shard: whoever has it, else this thread. Who has it may sleep
                // until the task is complete that this thread was blocked in.
                self.shard.unpark();
                let taken = self.shard.seat.take_or_withdraw(&self.entry);
                return self.sit_down_if(taken);
            }
            if self.own {
                if self.take_seat() {
                    return true;
                }
            } else if !self.entry.has_local_tasks() {
                return false;
            }
            if local::is_empty() {
                self.entry.sleep(|| self.shared.quiescence.have_a_look());
            }
        }
    }
}

impl Shared {
    /// This thread, whose seat it is by now, works the shard.
    pub(super) fn sit_down(self: &Arc<Self>, index: usize, entry: &Arc<Entry>) {
        local::start_working(self, index);
        self.shards[index].counters.busy.begin(Instant::now());
        entry.set_driving(true);
        if let Err(broken) = self.shards[index].with_park(|park| park.enter()) {
            self.driver_failed(index, broken);
        }
    }

    /// This thread leaves the shard to whoever takes its seat.
    pub(super) fn stand_up(&self, index: usize, entry: &Arc<Entry>) {
        entry.set_driving(false);
        self.take_out_kept();
        local::forget_finished();
        local::stop_working();
        self.shards[index].running.end();
        self.shards[index].counters.busy.end(Instant::now());
        self.shards[index].seat.leave();
    }
}
