//! The home of tasks that nobody wakes, for models of where tasks lie.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;

use crate::primitive::Ordering;
use crate::task::{self, Finished, Runnable, Schedule, Wakers};

pub(super) struct Nowhere {
    ran: Counter,
}

impl Nowhere {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { ran: Counter::new(0) })
    }

    /// Its handle is dropped, and it is in no table: whoever is given it alone has it.
    pub(super) fn new_task(self: &Arc<Self>) -> Runnable {
        let home = self.clone();
        let future = async move {
            home.ran.fetch_add(1, Ordering::Relaxed);
        };
        task::new(future, self, Location::caller()).1.into_runnable()
    }

    /// How many tasks have run.
    pub(super) fn ran(&self) -> usize {
        self.ran.load(Ordering::Relaxed)
    }
}

impl Schedule for Nowhere {
    const LOCAL: bool = false;
    const BOUND: bool = false;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Nowhere> = Wakers::new();
        &WAKERS
    }

    fn push_here<const TOLD: bool>(_: &Self, task: Runnable) -> Result<(), Runnable> {
        Err(task)
    }

    type Pushed<'a> = ();

    fn push_from_elsewhere(_: &Self, _: Runnable) {
        unreachable!("nobody wakes it");
    }

    fn release(&self, _: Finished, _: bool) {}
}

pub(super) fn run(task: Runnable) {
    assert!(task.run().is_none(), "nobody woke it");
}
