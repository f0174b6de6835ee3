//! The table of a runtime's tasks: what keeps a task alive that nobody else refers to, and what shutdown walks.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process;
use std::sync::Arc;

use crate::primitive::{Mutex, lock};
use crate::task::{Claimed, Delivery, Finished, Listed, Place, Runnable, Seen, TaskInfo};

// BOOK: ch05
/// The tasks of one home. Its lock is never held during a poll, nor while a future or a waker is dropped.
pub(crate) struct OwnedTasks {
    /// Which of its home's tables this is.
    number: u16,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    slots: Vec<Option<Listed>>,
    free: Vec<u32>,
    /// Of those that have one, by their slots: few do.
    names: HashMap<u32, Arc<str>>,
    /// How many mails are on their way whose task is complete: they keep it, and it their home.
    mailed: usize,
    /// How many were ever added.
    spawned: u64,
    closed: bool,
}

/// The tasks of one table, or of several.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) alive: usize,
    pub(crate) spawned: u64,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            alive: self.alive + other.alive,
            spawned: self.spawned + other.spawned,
        }
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| sum + tally)
    }
}

/// No task enters a home that shuts down.
pub(crate) struct Closed;

impl OwnedTasks {
    /// The table with that number among its home's.
    pub(crate) fn new(number: u16) -> Self {
        Self {
            number,
            table: Mutex::new(Table::default()),
        }
    }

    /// Adds a task that was never queued yet, and tells a recorder of it first: here, and not where it is made, which is compiled
    /// for each future. The closed flag is read under the same lock, so that no task is added after [`close`](Self::close).
    pub(crate) fn insert(&self, task: Listed, name: Option<Arc<str>>) -> Result<(), Closed> {
        task.tell_spawned(name.as_deref());
        let mut table = lock(&self.table);
        if table.closed {
            drop(table);
            return Err(Closed);
        }
        table.insert(self.number, task, name);
        Ok(())
    }

    /// Takes a complete task out, of which a mail `is_mailed`, or none.
    pub(crate) fn remove(&self, task: Finished, is_mailed: bool) {
        let place = task.place();
        if place.table != self.number {
            // It never got in, so that nobody sent a mail of it.
            return;
        }
        let mut table = lock(&self.table);
        let name = table.remove(place.slot);
        table.mailed += usize::from(is_mailed);
        drop(table);
        drop((name, task));
    }

    /// Takes complete tasks out, all of this table; they may be dropped after that.
    pub(crate) fn remove_all(&self, tasks: &[Finished]) {
        let mut table = lock(&self.table);
        let names = tasks.iter().filter_map(|task| table.remove(task.place().slot));
        let names: Vec<_> = names.collect();
        drop(table);
        drop(names);
    }

    /// What is to be queued for a mail that was opened. One that is late is waited for no longer.
    #[inline]
    pub(crate) fn take_in(&self, delivery: Delivery) -> Option<Runnable> {
        match delivery {
            Delivery::Queue(task) => return Some(task),
            Delivery::Nothing => {}
            // Its task has left the table before: nobody opens mail between the two.
            Delivery::Late => lock(&self.table).mailed -= 1,
        }
        None
    }

    /// The name of a task that is in the table.
    pub(crate) fn name(&self, place: Place) -> Option<Arc<str>> {
        if place.table != self.number {
            return None;
        }
        lock(&self.table).names.get(&place.slot).cloned()
    }

    /// What can be told of the task in that place, if it is still the one with that id.
    pub(crate) fn info(&self, place: Place, id: u64) -> Option<TaskInfo> {
        if place.table != self.number {
            return None;
        }
        let table = lock(&self.table);
        let task = table.slots.get(place.slot as usize)?.as_ref()?;
        let is_it = task.id().get() == id && !task.is_kept();
        is_it.then(|| task.info(table.name(place.slot)))
    }

    /// What can be told of every task.
    pub(crate) fn list(&self) -> Vec<TaskInfo> {
        self.see().into_iter().map(|seen| seen.info).collect()
    }

    /// The same, with what tells who waits for whom.
    pub(crate) fn see(&self) -> Vec<Seen> {
        let table = lock(&self.table);
        let tasks = table.tasks().filter(|(_, task)| !task.is_kept());
        tasks.map(|(slot, task)| task.see(table.name(slot))).collect()
    }

    /// How many there are, complete ones among them that were not taken out yet, and were.
    pub(crate) fn tally(&self) -> Tally {
        let table = lock(&self.table);
        Tally {
            alive: table.live(),
            spawned: table.spawned,
        }
    }

    /// Whether there is no task, nor mail of one.
    pub(crate) fn is_empty(&self) -> bool {
        let table = lock(&self.table);
        table.live() == 0 && table.mailed == 0
    }

    /// The last resort before the home that this is a part of is gone: its tasks point there, and are not counted (their
    /// rule H).
    pub(crate) fn end_process_unless_empty(&self) {
        if !self.is_empty() {
            // A closed stderr is no reason to go on.
            let _ = writeln!(
                io::stderr(),
                "reveille: a runtime is gone while there are tasks of it; the process aborts"
            );
            process::abort();
        }
    }

    /// Whether no task is added any more.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.table).closed
    }

    /// From now on no task is added.
    pub(crate) fn close(&self) {
        lock(&self.table).closed = true;
    }

    /// Takes every idle task, to be cancelled. Those that are queued or running come back through the queue.
    pub(crate) fn claim_idle(&self) -> Vec<Claimed> {
        let table = lock(&self.table);
        table.tasks().filter_map(|(_, task)| task.claim()).collect()
    }

    // BOOK: ch12
    /// Cancels every task on this thread: those that `pop` gives and those that are idle, until the table is empty.
    ///
    /// A waker that has just set SCHEDULED on another thread may not have pushed its task yet, or its mail; `park` waits
    /// for the push, which unparks this thread as every push does.
    pub(crate) fn cancel_all(&self, mut pop: impl FnMut() -> Option<Runnable>, mut park: impl FnMut()) {
        self.close();
        // Once is enough: a task that is not idle now is marked, and is cancelled instead of becoming idle again.
        for claimed in self.claim_idle() {
            claimed.cancel();
        }
        while !self.is_empty() {
            match pop() {
                Some(task) => task.cancel(),
                // There was late mail, and nothing else.
                None if self.is_empty() => {}
                None => park(),
            }
        }
    }
}

impl Table {
    fn insert(&mut self, table: u16, task: Listed, name: Option<Arc<str>>) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            let slot = u32::try_from(self.slots.len() - 1).ok();
            slot.filter(|slot| *slot <= Place::LAST_SLOT)
                .expect("fewer than 2^31 live tasks")
        });
        task.set_place(Place { table, slot });
        self.slots[slot as usize] = Some(task);
        if let Some(name) = name {
            self.names.insert(slot, name);
        }
        self.spawned += 1;
    }

    /// The name of what was there.
    fn remove(&mut self, slot: u32) -> Option<Arc<str>> {
        self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        if self.names.is_empty() {
            return None;
        }
        self.names.remove(&slot)
    }

    fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    fn tasks(&self) -> impl Iterator<Item = (u32, &Listed)> {
        // There are no more than a `u32` can number.
        let slots = (0..).zip(&self.slots);
        slots.filter_map(|(slot, task)| Some((slot, task.as_ref()?)))
    }

    fn name(&self, slot: u32) -> Option<Arc<str>> {
        self.names.get(&slot).cloned()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_pointer() {
        assert_eq!(size_of::<Option<Listed>>(), size_of::<usize>());
    }
}
