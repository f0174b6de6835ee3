//! What belongs to one worker, and what others may do with it.

use std::task::Waker;

use crossbeam_utils::CachePadded;
use reveille_context::event::Queue;
use reveille_context::wake;

use super::seat::Seat;
use crate::counters::Counters;
use crate::owned::OwnedTasks;
use crate::park::Park;
use crate::primitive::{AtomicU64, HAS_CLOCK, Mutex, MutexGuard, Ordering, lock, try_lock};
use crate::task::{NextSlot, Place, Ring, Runnable};

/// A run queue with a slot for the task that is next, the tasks that were spawned here, and the driver. The worker that
/// has the shard's [`Seat`] pushes and parks; everybody may take tasks and turn the driver.
pub(super) struct Shard {
    pub(super) number: u16,
    pub(super) ring: Ring<RING>,
    pub(super) next: NextSlot,
    pub(super) owned: OwnedTasks,
    pub(super) seat: Seat,
    /// Held only while parking or turning, never while a task or a waker runs. `None` once the runtime has shut down, or
    /// the driver has panicked.
    pub(super) park: Mutex<Option<Box<dyn Park>>>,
    pub(super) unparker: Waker,
    pub(super) running: CachePadded<Running>,
    pub(super) counters: CachePadded<Counters>,
}

/// Tasks in a worker's own queue. A model is to fill it.
pub(super) const RING: usize = if HAS_CLOCK { 256 } else { 4 };

impl Shard {
    pub(super) fn new(number: u16, park: Box<dyn Park>) -> Self {
        Self {
            number,
            ring: Ring::new(),
            next: NextSlot::new(),
            owned: OwnedTasks::new(number),
            seat: Seat::new(),
            unparker: park.unparker(),
            park: Mutex::new(Some(park)),
            running: CachePadded::new(Running::default()),
            counters: CachePadded::new(Counters::new()),
        }
    }

    /// What a recorder is told that its queue is.
    pub(super) fn queue(&self) -> Queue {
        Queue::Local(self.number.into())
    }

    /// How many tasks are queued here.
    #[inline]
    pub(super) fn queued(&self) -> usize {
        self.ring.len() + usize::from(!self.next.is_empty())
    }

    /// Whether no task is queued here: to the one who may push that is sure.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty() && self.next.is_empty()
    }

    /// Wakes whoever sleeps in the driver. A park that panics there ends nobody else's work.
    pub(super) fn unpark(&self) {
        wake::contain(|| self.unparker.wake_by_ref());
    }

    /// Calls the driver under its lock, if it is there. One that panics is taken out and given back.
    pub(super) fn with_park(&self, call: impl FnOnce(&mut dyn Park)) -> Result<(), BrokenPark> {
        call_contained(lock(&self.park), call)
    }

    /// As [`with_park`](Self::with_park), unless somebody has the lock.
    pub(super) fn try_with_park(&self, call: impl FnOnce(&mut dyn Park)) -> Result<(), BrokenPark> {
        try_lock(&self.park).map_or(Ok(()), |park| call_contained(park, call))
    }

    pub(super) fn has_park(&self) -> bool {
        lock(&self.park).is_some()
    }

    /// Takes the driver out, to be dropped where no lock is held.
    pub(super) fn take_park(&self) -> Option<Box<dyn Park>> {
        lock(&self.park).take()
    }
}

/// A driver that panicked, to be dropped where no lock is held.
#[must_use]
pub(super) struct BrokenPark(Box<dyn Park>);

impl BrokenPark {
    /// Those who wait for its sockets and timers are woken.
    pub(super) fn drop_contained(self) {
        wake::contain(move || drop(self.0));
    }
}

fn call_contained(
    mut park: MutexGuard<'_, Option<Box<dyn Park>>>,
    call: impl FnOnce(&mut dyn Park),
) -> Result<(), BrokenPark> {
    let Some(mut inside) = park.take() else {
        return Ok(());
    };
    if wake::contain(|| call(&mut *inside)) {
        *park = Some(inside);
        Ok(())
    } else {
        Err(BrokenPark(inside))
    }
}

/// What the worker runs just now, for the monitor. One thread writes, Relaxed: a reader that sees the same
/// `polls` for a millisecond has long seen the rest, and looks the task up by its place and id.
pub(super) struct Running {
    /// How many polls have begun.
    polls: AtomicU64,
    /// The id of the task that is polled, 0 between polls.
    task: AtomicU64,
    /// Its place.
    place: AtomicU64,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            polls: AtomicU64::new(0),
            task: AtomicU64::new(0),
            place: AtomicU64::new(0),
        }
    }
}

impl Running {
    #[inline]
    pub(super) fn begin(&self, task: &Runnable) {
        self.begin_again();
        self.place.store(task.place().pack(), Ordering::Relaxed);
        self.task.store(task.id().get(), Ordering::Relaxed);
    }

    /// The task that is noted is polled once more.
    #[inline]
    pub(super) fn begin_again(&self) {
        self.polls
            .store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn end(&self) {
        self.task.store(0, Ordering::Relaxed);
    }

    pub(super) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// The task that is being polled.
    pub(super) fn task(&self) -> Option<(u64, Place)> {
        let id = self.task.load(Ordering::Relaxed);
        (id != 0).then(|| (id, Place::unpack(self.place.load(Ordering::Relaxed))))
    }
}
