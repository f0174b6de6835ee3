//! The home of a current-thread runtime's tasks: its table of them, and the mailbox for those that are woken by
//! other threads than the one that drives it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Waker;

use crossbeam_utils::CachePadded;
use reveille_context::wake;

use crate::blocking::{BlockingPool, PoolConfig};
use crate::config::Config;
use crate::counters::{Counter, Counters};
use crate::entries::Entries;
use crate::local;
use crate::owned::OwnedTasks;
use crate::primitive::{Ordering, SegQueue};
use crate::quiescence::Quiescence;
use crate::schedule_latency::ScheduleLatency;
use crate::task::{Finished, Mail, PanicPolicy, Place, Runnable, Schedule, Wakers};

/// Shared by the runtime and its handles. A task only points here: who drops the runtime waits until every task is complete, and
/// every mail opened.
///
/// **The mailbox loses nothing between a push and a sleep:** the push comes before the Release of the park's unparker,
/// and a thread whose `park` has returned looks here after its Acquire. So a look that misses a push is followed by a
/// `park` that returns at once.
pub(crate) struct Home {
    mailbox: SegQueue<Mail>,
    unparker: Waker,
    pub(crate) owned: OwnedTasks,
    panic_policy: PanicPolicy,
    /// Whether a panic shut the runtime down.
    panicked: AtomicBool,
    pub(crate) blocking: Arc<BlockingPool>,
    pub(crate) quiescence: Arc<Quiescence>,
    pub(crate) entries: Entries,
    pub(crate) latency: ScheduleLatency,
    /// Written by whoever drives, as the rest is.
    pub(crate) counters: CachePadded<Counters>,
    pub(crate) polls: Counter,
    /// How many tasks there were in the driver's queue when it last looked.
    pub(crate) queued: Counter,
}

impl Home {
    pub(crate) fn new(unparker: Waker, config: &Config) -> Self {
        let quiescence = Quiescence::new(config.on_quiescent.clone(), unparker.clone());
        let quiescence = Arc::new(quiescence);
        Self {
            mailbox: SegQueue::new(),
            unparker,
            owned: OwnedTasks::new(0),
            panic_policy: config.panic_policy,
            panicked: AtomicBool::new(false),
            blocking: BlockingPool::new(PoolConfig::new(config, &quiescence)),
            quiescence,
            entries: Entries::default(),
            latency: ScheduleLatency::new(),
            counters: CachePadded::new(Counters::new()),
            polls: Counter::new(),
            queued: Counter::new(),
        }
    }

    /// What [`unpark`](Self::unpark) wakes.
    pub(crate) fn unparker(&self) -> &Waker {
        &self.unparker
    }

    /// Wakes the thread that drives the runtime, if it sleeps.
    pub(crate) fn unpark(&self) {
        // Foreign code, which must not end what this is in the midst of.
        wake::contain(|| self.unparker.wake_by_ref());
    }

    /// Whether a task's panic shut the runtime down.
    #[inline]
    pub(crate) fn is_down(&self) -> bool {
        self.panicked.load(Ordering::Relaxed)
    }

    /// Looks whether the runtime is at rest, by whoever drives it and has nothing to run.
    pub(crate) fn look_for_rest(&self) {
        self.quiescence.look(|answers| {
            let (blocking, begun) = self.blocking.demand();
            answers.push(begun);
            !self.has_mail() && self.entries.are_at_rest(blocking, answers)
        });
    }

    /// Opens the next mail, by the thread that drives or has the driver's seat; with what is to be queued for it, if anything
    /// is. `None`: there is no mail.
    pub(crate) fn open_mail(&self) -> Option<Option<Runnable>> {
        let delivery = self.mailbox.pop()?.open(Some(&self.latency));
        Some(self.owned.take_in(delivery))
    }

    /// How many tasks there are in the mailbox.
    pub(crate) fn mail(&self) -> usize {
        self.mailbox.len()
    }

    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        !self.mailbox.is_empty()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.owned.end_process_unless_empty();
    }
}

impl Schedule for Home {
    const LOCAL: bool = false;
    const BOUND: bool = true;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Home> = Wakers::new();
        &WAKERS
    }

    #[inline]
    fn is_here(home: *const Self) -> bool {
        local::is_driving(home)
    }

    #[inline]
    fn push_here<const TOLD: bool>(_: &Self, task: Runnable) -> Result<(), Runnable> {
        if TOLD {
            local::push(task);
        } else {
            local::push_untold(task);
        }
        Ok(())
    }

    type Pushed<'a> = ();

    fn push_from_elsewhere(_: &Self, _: Runnable) {
        unreachable!("a bound task comes by mail");
    }

    fn post(home: Arc<Self>, mail: Mail) {
        mail.tell_sent();
        home.mailbox.push(mail);
        home.unpark();
    }

    fn latency(&self) -> Option<&ScheduleLatency> {
        Some(&self.latency)
    }

    fn release(&self, task: Finished, is_mailed: bool) {
        self.owned.remove(task, is_mailed);
    }

    fn name(&self, place: Place) -> Option<Arc<str>> {
        self.owned.name(place)
    }

    fn panic_policy(&self) -> PanicPolicy {
        self.panic_policy
    }

    fn shut_down_after_panic(&self) {
        self.owned.close();
        // Relaxed: the flag alone is told. Who drives or follows sees it when it is unparked, at the latest.
        self.panicked.store(true, Ordering::Relaxed);
        self.unpark();
        self.entries.unpark_followers();
    }
}
