//! The slot for the next task: the owner pushes and takes ∥ a rescuer takes. Every task runs once, and who runs it sees all of it.

use std::sync::Arc;

use loom::thread;

use super::nowhere::{Nowhere, run};
use crate::task::NextSlot;

#[test]
fn pushes_and_a_take_meet_a_rescuer() {
    loom::model(|| {
        let (home, slot) = (Nowhere::new(), Arc::new(NextSlot::new()));
        let rescuer = thread::spawn({
            let slot = slot.clone();
            move || slot.take().map(run)
        });
        for _ in 0..2 {
            // The checker counts its own operations: what is made behind one does not come with what was published before.
            slot.is_empty();
            if let Err(behind) = slot.push(home.new_task()) {
                run(behind);
            }
        }
        slot.take().map(run);
        rescuer.join().unwrap();
        assert!(slot.is_empty(), "a task stayed behind");
        assert_eq!(home.ran(), 2, "a task was lost, or ran twice");
    });
}

#[test]
fn a_full_slot_meets_two_takers() {
    loom::model(|| {
        let (home, slot) = (Nowhere::new(), Arc::new(NextSlot::new()));
        assert!(slot.push(home.new_task()).is_ok());
        let rescuer = thread::spawn({
            let slot = slot.clone();
            move || slot.take()
        });
        let taken = [slot.take(), rescuer.join().unwrap()];
        // Before any is run: a task that two have is freed twice.
        let count = taken.iter().flatten().count();
        assert_eq!(count, 1, "a task was lost, or two have it");
        taken.into_iter().flatten().for_each(run);
        assert_eq!(home.ran(), 1);
    });
}
