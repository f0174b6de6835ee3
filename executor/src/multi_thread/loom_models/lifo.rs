//! LIFO slot: the owner pushes and takes ∥ a rescuer takes. Every task runs once, and who runs it sees all of it.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;

use loom::thread;

use crate::primitive::Ordering;
use crate::task::{self, LifoSlot, Place, Runnable, Schedule, Wakers};

/// The home of tasks that nobody wakes.
struct Nowhere;

impl Schedule for Nowhere {
    const LOCAL: bool = false;
    const BOUND: bool = false;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Nowhere> = Wakers::new();
        &WAKERS
    }

    fn push_here(_: &Self, task: Runnable) -> Result<(), Runnable> {
        Err(task)
    }

    fn push_from_elsewhere(_: Arc<Self>, _: Runnable) {
        unreachable!("nobody wakes it");
    }

    fn release(&self, _: Place, _: bool) {}
}

fn new_task(home: &Arc<Nowhere>, ran: &Arc<Counter>) -> Runnable {
    let ran = ran.clone();
    let future = async move {
        ran.fetch_add(1, Ordering::Relaxed);
    };
    // Its handle is dropped, and it is in no table: the slot alone has it.
    task::new(future, home.clone(), Location::caller())
        .1
        .into_runnable()
}

fn run(task: Runnable) {
    assert!(task.run().is_none(), "nobody woke it");
}

#[test]
fn pushes_and_a_take_meet_a_rescuer() {
    loom::model(|| {
        let (home, ran) = (Arc::new(Nowhere), Arc::new(Counter::new(0)));
        let slot = Arc::new(LifoSlot::new());
        let rescuer = thread::spawn({
            let slot = slot.clone();
            move || slot.take().map(run)
        });
        for _ in 0..2 {
            if let Some(before) = slot.push(new_task(&home, &ran)) {
                run(before);
            }
        }
        slot.take().map(run);
        rescuer.join().unwrap();
        assert!(slot.is_empty(), "a task stayed behind");
        assert_eq!(ran.load(Ordering::Relaxed), 2, "a task was lost, or ran twice");
        assert_eq!(Arc::strong_count(&home), 1, "a task was not freed");
    });
}

#[test]
fn a_full_slot_meets_two_takers() {
    loom::model(|| {
        let (home, ran) = (Arc::new(Nowhere), Arc::new(Counter::new(0)));
        let slot = Arc::new(LifoSlot::new());
        assert!(slot.push(new_task(&home, &ran)).is_none());
        let rescuer = thread::spawn({
            let slot = slot.clone();
            move || slot.take()
        });
        let taken = [slot.take(), rescuer.join().unwrap()];
        // Before any is run: a task that two have is freed twice.
        let count = taken.iter().flatten().count();
        assert_eq!(count, 1, "a task was lost, or two have it");
        taken.into_iter().flatten().for_each(run);
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    });
}
