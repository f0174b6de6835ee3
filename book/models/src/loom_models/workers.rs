//! Chapter 11: what is pushed while a worker falls asleep. A push that nobody hears of is a deadlock, which loom reports.

use std::sync::Arc;

use loom::thread;

use crate::workers::Workers;

// ANCHOR: model
#[test]
fn a_push_meets_a_worker_that_falls_asleep() {
    loom::model(|| {
        let workers = Arc::new(Workers::new(1));
        let worker = thread::spawn({
            let workers = workers.clone();
            move || workers.next(0)
        });
        workers.push(None, "a task");
        assert_eq!(worker.join().unwrap(), Some("a task"));
    });
}
// ANCHOR_END: model

#[test]
fn two_pushes_meet_two_workers_that_fall_asleep() {
    // A claim that comes while its worker has found something else takes four preemptions.
    let mut search = loom::model::Builder::new();
    search.preemption_bound = search.preemption_bound.map(|bound| bound.max(4));
    search.check(|| {
        let workers = Arc::new(Workers::new(2));
        let other = thread::spawn({
            let workers = workers.clone();
            move || workers.next(1)
        });
        let pusher = thread::spawn({
            let workers = workers.clone();
            move || [1, 2].map(|item| workers.push(None, item))
        });
        // None of them comes a second time: so none may sleep beside what is left for it.
        let taken = [workers.next(0), other.join().unwrap()];
        pusher.join().unwrap();
        assert_eq!(taken.iter().flatten().sum::<u32>(), 3);
    });
}

#[test]
fn a_worker_falls_asleep_while_another_one_steals() {
    // Three workers are the largest model here: two preemptions.
    let mut search = loom::model::Builder::new();
    search.preemption_bound = Some(search.preemption_bound.map_or(2, |bound| bound.min(2)));
    search.check(|| {
        let workers = Arc::new(Workers::new(3));
        (1..=3).for_each(|item| workers.push(Some(0), item));
        let threads = [1, 2].map(|worker| {
            let workers = workers.clone();
            thread::spawn(move || workers.next(worker))
        });
        let own = workers.next(0);
        let taken = threads.map(|thread| thread.join().unwrap());
        assert_eq!(own.iter().chain(taken.iter().flatten()).sum::<u32>(), 6);
    });
}

#[test]
fn the_end_meets_a_worker_that_falls_asleep() {
    loom::model(|| {
        let workers = Arc::new(Workers::<u32>::new(1));
        let worker = thread::spawn({
            let workers = workers.clone();
            move || workers.next(0)
        });
        workers.close();
        assert_eq!(worker.join().unwrap(), None);
    });
}
