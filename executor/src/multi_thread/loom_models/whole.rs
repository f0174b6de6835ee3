//! The whole executor, without its monitor.

use std::future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;

use loom::thread;

use crate::config::Config;
use crate::loom_models::gate::Gate;
use crate::multi_thread::{MultiThread, Shared};
use crate::park::Park;
use crate::primitive::Ordering;
use crate::{ThreadPark, block_in_place, spawn, yield_now};

fn executor(workers: usize) -> MultiThread {
    let parks = (0..workers).map(|_| Box::new(ThreadPark::new()) as Box<dyn Park>);
    let executor = MultiThread {
        shared: Arc::new(Shared::new(parks.collect(), Config::default())),
        waits: true,
    };
    for worker in 0..workers {
        executor.shared.start_worker(worker).unwrap();
    }
    executor
}

/// Explores with so many preemptions at most: these are large models.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut search = loom::model::Builder::new();
    search.max_branches = 10_000;
    let bound = search.preemption_bound;
    search.preemption_bound = Some(bound.map_or(preemptions, |bound| bound.min(preemptions)));
    search.check(model);
}

struct NoteDrop(Arc<Counter>);

impl Drop for NoteDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// BOOK: ch11
#[test]
fn a_foreign_spawn_meets_a_worker_that_falls_asleep() {
    explore(2, || {
        let executor = executor(1);
        let gate = Gate::default();
        executor.handle().spawn({
            let gate = gate.clone();
            async move { gate.open() }
        });
        executor.block_on(gate);
    });
}

#[test]
fn a_foreign_spawn_meets_the_shutdown() {
    explore(2, || {
        let executor = executor(1);
        let dropped = Arc::new(Counter::new(0));
        let spawner = thread::spawn({
            let (handle, note) = (executor.handle(), NoteDrop(dropped.clone()));
            move || {
                drop(handle.spawn(async move {
                    let _note = note;
                    future::pending::<()>().await;
                }));
            }
        });
        drop(executor);
        spawner.join().unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "the task was lost");
    });
}

#[test]
fn a_foreign_wake_meets_the_shutdown() {
    explore(2, || {
        let executor = executor(1);
        let (gate, registered) = (Gate::default(), Gate::default());
        let dropped = Arc::new(Counter::new(0));
        executor.handle().spawn({
            let (gate, registered, note) = (gate.clone(), registered.clone(), NoteDrop(dropped.clone()));
            async move {
                let _note = note;
                registered.open();
                gate.await;
            }
        });
        executor.block_on(registered);
        let opener = thread::spawn(move || gate.open());
        drop(executor);
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "a task outlived its executor");
        opener.join().unwrap();
    });
}

#[test]
fn a_task_that_blocks_meets_the_shutdown() {
    explore(1, || {
        let executor = executor(1);
        let (entered, released) = (Gate::default(), Arc::new(loom::sync::Notify::new()));
        executor.handle().spawn({
            let (entered, released) = (entered.clone(), released.clone());
            async move {
                block_in_place(|| {
                    entered.open();
                    released.wait();
                })
            }
        });
        executor.block_on(entered);
        let releaser = thread::spawn(move || released.notify());
        drop(executor);
        releaser.join().unwrap();
    });
}

#[test]
fn a_spawned_task_runs_while_its_parent_blocks() {
    explore(1, || {
        let executor = executor(1);
        let gate = Gate::default();
        executor.handle().spawn({
            let gate = gate.clone();
            async move {
                let child = Arc::new(loom::sync::Notify::new());
                drop(spawn({
                    let child = child.clone();
                    async move {
                        yield_now().await;
                        child.notify();
                    }
                }));
                block_in_place(|| child.wait());
                gate.open();
            }
        });
        executor.block_on(gate);
    });
}

#[test]
fn a_task_that_blocks_in_a_substitute_meets_the_shutdown() {
    explore(1, || {
        let executor = executor(1);
        let entered = [Gate::default(), Gate::default()];
        let releases = [0, 1].map(|_| Arc::new(loom::sync::Notify::new()));
        for (entered, release) in entered.iter().zip(&releases) {
            let (gate, release) = (entered.clone(), release.clone());
            drop(executor.handle().spawn(async move {
                block_in_place(|| {
                    gate.open();
                    release.wait();
                });
            }));
        }
        executor.block_on(async {
            for gate in entered {
                gate.await;
            }
        });
        // The worker's own thread comes back first, and then only a substitute can tell the other that all is done.
        executor.shared.begin_shut_down();
        for release in releases {
            release.notify();
        }
        drop(executor);
    });
}

#[test]
fn a_local_task_that_blocks_leaves_the_other_to_the_other_worker() {
    explore(1, || {
        let executor = executor(2);
        executor.shared.threads.wait_for_start(2);
        let meeting = Arc::new(loom::sync::Notify::new());
        let gate = Gate::default();
        // It is in its worker's mailbox, which is looked at without a search.
        drop(executor.handle().spawn_on(0, {
            let (gate, meeting) = (gate.clone(), meeting.clone());
            move || async move {
                meeting.wait();
                gate.open();
            }
        }));
        drop(executor.handle().spawn(async move { meeting.notify() }));
        executor.block_on(gate);
    });
}

#[test]
fn a_task_that_blocks_leaves_the_other_to_the_other_worker() {
    explore(1, || {
        let executor = executor(2);
        let meeting = Arc::new(loom::sync::Notify::new());
        let gate = Gate::default();
        executor.handle().spawn({
            let (gate, meeting) = (gate.clone(), meeting.clone());
            async move {
                // It keeps its worker until the other task has run.
                meeting.wait();
                gate.open();
            }
        });
        drop(executor.handle().spawn(async move { meeting.notify() }));
        executor.block_on(gate);
    });
}
