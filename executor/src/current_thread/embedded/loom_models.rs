//! An embedded runtime's meetings with other threads, in every order. A foreign loop that sleeps for ever is a deadlock,
//! which loom reports; see the crate's other models.

use std::future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::time::Duration;

use loom::thread;

use crate::loom_models::gate::Gate;
use crate::primitive::Ordering;
use crate::{CurrentThread, Embedded, ThreadPark, yield_now};

const NOW: Option<Duration> = Some(Duration::ZERO);

/// A foreign loop that sleeps only until it is interrupted, or until `done`.
fn drive(embedded: &mut Embedded<'_, ThreadPark>, done: impl Fn() -> bool) {
    loop {
        let more = embedded.poll_once(NOW);
        if done() {
            return;
        }
        if !more {
            embedded.park().wait_for_interruption();
        }
    }
}

#[test]
fn a_foreign_spawn_interrupts_the_foreign_loop() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let ran = Arc::new(Counter::new(0));
        let spawner = thread::spawn({
            let (handle, ran) = (executor.handle(), ran.clone());
            move || {
                drop(handle.spawn(async move {
                    ran.fetch_add(1, Ordering::Relaxed);
                }));
            }
        });
        let mut embedded = executor.embed().unwrap();
        drive(&mut embedded, || ran.load(Ordering::Relaxed) == 1);
        drop(embedded);
        spawner.join().unwrap();
    });
}

#[test]
fn two_foreign_spawns_interrupt_the_foreign_loop() {
    let mut search = loom::model::Builder::new();
    search.preemption_bound = Some(search.preemption_bound.map_or(2, |bound| bound.min(2)));
    search.check(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let ran = Arc::new(Counter::new(0));
        let spawners = [0, 1].map(|_| {
            let (handle, ran) = (executor.handle(), ran.clone());
            thread::spawn(move || {
                drop(handle.spawn(async move {
                    ran.fetch_add(1, Ordering::Relaxed);
                }));
            })
        });
        let mut embedded = executor.embed().unwrap();
        drive(&mut embedded, || ran.load(Ordering::Relaxed) == 2);
        drop(embedded);
        for spawner in spawners {
            spawner.join().unwrap();
        }
    });
}

#[test]
fn a_foreign_wake_of_a_task_interrupts_the_foreign_loop() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let task = executor.handle().spawn(gate.clone());
        let mut embedded = executor.embed().unwrap();
        assert!(!embedded.poll_once(NOW));
        let opener = thread::spawn(move || gate.open());
        drive(&mut embedded, || task.is_finished());
        drop(embedded);
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_wake_of_a_local_task_interrupts_the_foreign_loop() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let mut embedded = executor.embed().unwrap();
        let task = embedded.spawn_local(gate.clone());
        assert!(!embedded.poll_once(NOW));
        let opener = thread::spawn(move || gate.open());
        drive(&mut embedded, || task.is_finished());
        drop(embedded);
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_wake_of_a_local_task_meets_the_end_of_the_embedding() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let dropped = Arc::new(Counter::new(0));
        let mut embedded = executor.embed().unwrap();
        let (inner, note) = (gate.clone(), NoteDrop(dropped.clone()));
        drop(embedded.spawn_local(async move {
            let _note = note;
            inner.await;
            future::pending::<()>().await;
        }));
        assert!(!embedded.poll_once(NOW));
        let opener = thread::spawn(move || gate.open());
        drop(embedded);
        assert_eq!(
            dropped.load(Ordering::Relaxed),
            1,
            "a local task outlived its Embedded"
        );
        drop(executor);
        opener.join().unwrap();
    });
}

#[test]
fn a_follower_takes_the_seat_that_an_embedded_runtime_leaves() {
    loom::model(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        let mut embedded = executor.embed().unwrap();
        let task = executor.handle().spawn(yield_now());
        let follower = thread::spawn({
            let executor = executor.clone();
            move || executor.block_on(task).unwrap()
        });
        embedded.poll_once(NOW);
        drop(embedded);
        follower.join().unwrap();
    });
}

struct NoteDrop(Arc<Counter>);

impl Drop for NoteDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
