use std::panic::Location;

use super::*;
use crate::ThreadPark;
use crate::task::{self, JoinHandle};

/// A runtime of one worker that nobody runs, and a task that is in its table but in no queue.
fn runtime_and_task() -> (Arc<Shared>, Runnable, JoinHandle<()>) {
    let park: Box<dyn Park> = Box::new(ThreadPark::new());
    let shared = Arc::new(Shared::new(vec![park], Config::default()));
    let (listed, spawned, handle) = task::new(async {}, &shared, Location::caller());
    assert!(shared.spawned_elsewhere.insert(listed, None).is_ok());
    (shared, spawned.into_runnable(), handle)
}

#[test]
fn a_task_from_elsewhere_is_found_only_after_who_is_unparked_for_it_was_claimed() {
    let (shared, task, handle) = runtime_and_task();
    assert!(shared.idle.announce(0, false), "nobody searches: it looks");
    let injected = shared.inject(task);
    assert!(
        shared.injector.is_locked(),
        "the task may run, and the runtime be gone"
    );
    assert!(!shared.idle.is_parked(0));
    drop(injected);
    assert!(!shared.injector.is_locked());
    assert!(shared.idle.retract(0), "it was claimed, and searches");
    let task = shared.injector.pop().expect("it was injected");
    assert!(task.run().is_none());
    assert!(handle.is_finished());
}

#[test]
fn nobody_is_claimed_for_a_task_from_elsewhere_while_somebody_searches() {
    let (shared, task, _handle) = runtime_and_task();
    assert!(shared.idle.start_search(0));
    drop(shared.inject(task));
    assert!(shared.has_work());
    assert!(shared.idle.end_search(0), "it answers for what was pushed");
    shared.injector.pop().expect("it was injected").cancel();
    assert!(!shared.has_work());
}
