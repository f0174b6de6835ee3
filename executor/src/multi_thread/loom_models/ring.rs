//! Run queue: the owner pushes and pops ∥ others take one, half, or a lot. Every task runs once, and who runs it sees all of
//! it.

use std::sync::Arc;

use loom::thread;

use super::nowhere::{Nowhere, run};
use crate::task::{Ring, Runnable};

#[test]
fn pushes_and_pops_meet_a_thief() {
    loom::model(|| {
        let (home, ring) = (Nowhere::new(), Arc::new(Ring::<2>::new()));
        let thief = thread::spawn({
            let ring = ring.clone();
            move || {
                let here = Ring::<2>::new();
                ring.steal(&here, |_| ()).map(run);
                here.pop().map(run)
            }
        });
        for _ in 0..3 {
            // There is room for the third if the thief was there, in a slot that it has emptied.
            if let Err(refused) = ring.push(home.new_task()) {
                run(refused);
            }
        }
        while let Some(task) = ring.pop() {
            run(task);
        }
        thief.join().unwrap();
        assert!(ring.is_empty(), "a task stayed behind");
        assert_eq!(home.ran(), 3, "a task was lost, or ran twice");
    });
}

#[test]
fn a_push_meets_two_takers() {
    loom::model(|| {
        let (home, ring) = (Nowhere::new(), Arc::new(Ring::<2>::new()));
        let takers = [0, 1].map(|_| {
            let ring = ring.clone();
            thread::spawn(move || ring.pop().map(run).is_some())
        });
        assert!(ring.push(home.new_task()).is_ok());
        assert!(ring.push(home.new_task()).is_ok());
        let taken = takers.map(|taker| taker.join().unwrap());
        assert_eq!(ring.len(), 2 - taken.iter().filter(|taken| **taken).count());
        while let Some(task) = ring.pop() {
            run(task);
        }
        assert_eq!(home.ran(), 2, "a task was lost, or ran twice");
    });
}

#[test]
fn a_lot_meets_a_taker() {
    loom::model(|| {
        let (home, ring) = (Nowhere::new(), Arc::new(Ring::<4>::new()));
        for _ in 0..3 {
            assert!(ring.push(home.new_task()).is_ok());
        }
        let taker = thread::spawn({
            let ring = ring.clone();
            move || ring.pop()
        });
        let lot = ring.take_lot(2);
        let lot = lot.expect("two are left at least");
        // Before any is run: a task that two have is freed twice.
        let mut taken: Vec<Runnable> = lot.into_iter().chain(taker.join().unwrap()).collect();
        taken.extend(std::iter::from_fn(|| ring.pop()));
        assert_eq!(taken.len(), 3, "a task was lost, or two have it");
        taken.into_iter().for_each(run);
        assert_eq!(home.ran(), 3);
    });
}

#[test]
fn a_thief_takes_no_more_than_it_has_room_for() {
    loom::model(|| {
        let (home, ring) = (Nowhere::new(), Arc::new(Ring::<4>::new()));
        for _ in 0..4 {
            assert!(ring.push(home.new_task()).is_ok());
        }
        let thief = thread::spawn({
            let (home, ring) = (home.clone(), ring.clone());
            move || {
                let here = Ring::<2>::new();
                assert!(here.push(home.new_task()).is_ok());
                assert!(here.push(home.new_task()).is_ok());
                let first = ring.steal(&here, |_| ()).expect("two are left at least");
                assert_eq!(here.len(), 2);
                run(first);
                while let Some(task) = here.pop() {
                    run(task);
                }
            }
        });
        ring.pop().map(run);
        thief.join().unwrap();
        while let Some(task) = ring.pop() {
            run(task);
        }
        assert_eq!(home.ran(), 6, "a task was lost, or ran twice");
    });
}
