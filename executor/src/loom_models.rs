//! The executor's meetings with other threads, in every order: sleep, mailboxes, the driver's seat, shutdown.
//!
//! `ci/loom` runs them; each has broken twins in `tests/planted`. What a model observes it notes in std's atomics,
//! which loom does not see, so that observing orders nothing; data that must be published is in loom's, Relaxed. A
//! lost wake is a deadlock, which loom reports.

pub(crate) mod gate;

use std::future::{self, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll};

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use crate::primitive::Ordering;
use crate::{CurrentThread, Park, ThreadPark, Token, spawn_local, yield_now};
use gate::Gate;

#[test]
fn a_park_misses_none_of_two_unparks() {
    loom::model(|| {
        let mut park = ThreadPark::new();
        let data = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let threads = [0, 1].map(|index| {
            let (data, unparker) = (data.clone(), park.unparker());
            thread::spawn(move || {
                data[index].store(1, Ordering::Relaxed);
                unparker.wake_by_ref();
            })
        });
        while data.iter().any(|datum| datum.load(Ordering::Relaxed) == 0) {
            park.park(None, &mut Vec::new());
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_sleeper_is_interrupted_at_most_once_for_each_sleep() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let interrupts = Arc::new(Counter::new(0));
        let threads = [0, 1].map(|_| {
            let (token, interrupts) = (token.clone(), interrupts.clone());
            thread::spawn(move || {
                if token.notify() {
                    interrupts.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let mut sleeps = 0;
        for _ in 0..2 {
            if token.announce() {
                sleeps += 1;
                // It may wake for another reason, an event for instance.
                token.clear();
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(interrupts.load(Ordering::Relaxed) <= sleeps);
    });
}

#[test]
fn a_foreign_spawn_wakes_a_driver_that_falls_asleep() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let handle = executor.handle();
        let gate = Gate::default();
        let spawner = thread::spawn({
            let gate = gate.clone();
            move || drop(handle.spawn(async move { gate.open() }))
        });
        executor.block_on(gate);
        spawner.join().unwrap();
    });
}

#[test]
fn two_foreign_spawns_wake_a_driver_that_falls_asleep() {
    // Two tasks through every queue, with three threads, is the largest model here: two preemptions.
    let mut search = loom::model::Builder::new();
    search.preemption_bound = Some(search.preemption_bound.map_or(2, |bound| bound.min(2)));
    search.check(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gates = [Gate::default(), Gate::default()];
        let spawners = gates.clone().map(|gate| {
            let handle = executor.handle();
            thread::spawn(move || drop(handle.spawn(async move { gate.open() })))
        });
        executor.block_on(async {
            for gate in gates {
                gate.await;
            }
        });
        for spawner in spawners {
            spawner.join().unwrap();
        }
    });
}

#[test]
fn a_foreign_wake_of_a_task_reaches_a_driver_that_falls_asleep() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let task = executor.handle().spawn(gate.clone());
        let opener = executor.block_on(async {
            yield_now().await;
            thread::spawn(move || gate.open())
        });
        executor.block_on(task).unwrap();
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_wake_of_the_root_reaches_a_driver_that_falls_asleep() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let opener = thread::spawn({
            let gate = gate.clone();
            move || gate.open()
        });
        executor.block_on(gate);
        opener.join().unwrap();
    });
}

#[test]
fn two_foreign_wakes_of_the_root_are_both_seen() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let data = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let mut threads = Vec::new();
        executor.block_on(future::poll_fn(|cx| {
            if threads.is_empty() {
                threads.extend([0, 1].map(|index| {
                    let (data, waker) = (data.clone(), cx.waker().clone());
                    thread::spawn(move || {
                        data[index].store(1, Ordering::Relaxed);
                        waker.wake();
                    })
                }));
            }
            if data.iter().all(|datum| datum.load(Ordering::Relaxed) == 1) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_foreign_wake_of_a_local_task_meets_its_end() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let opener = executor.block_on(async {
            let task = spawn_local(gate.clone());
            yield_now().await;
            let opener = thread::spawn(move || gate.open());
            task.await.unwrap();
            opener
        });
        drop(executor);
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_wake_of_a_local_task_meets_the_end_of_its_block_on() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let dropped = Arc::new(Counter::new(0));
        let opener = executor.block_on(async {
            let (inner, note) = (gate.clone(), NoteDrop(dropped.clone()));
            drop(spawn_local(async move {
                let _note = note;
                inner.await;
                future::pending::<()>().await;
            }));
            yield_now().await;
            thread::spawn(move || gate.open())
        });
        assert_eq!(
            dropped.load(Ordering::Relaxed),
            1,
            "a local task outlived its block_on"
        );
        drop(executor);
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_wake_of_a_task_meets_the_end_of_its_executor() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let gate = Gate::default();
        let dropped = Arc::new(Counter::new(0));
        let opener = executor.block_on(async {
            let (inner, note) = (gate.clone(), NoteDrop(dropped.clone()));
            drop(crate::spawn(async move {
                let _note = note;
                inner.await;
            }));
            yield_now().await;
            thread::spawn(move || gate.open())
        });
        drop(executor);
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "a task outlived its executor");
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_spawn_meets_the_end_of_the_executor() {
    loom::model(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let handle = executor.handle();
        let dropped = Arc::new(Counter::new(0));
        let spawner = thread::spawn({
            let note = NoteDrop(dropped.clone());
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
fn a_foreign_wake_finds_the_root_of_a_follower_that_becomes_the_driver() {
    loom::model(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        let follower = thread::spawn({
            let executor = executor.clone();
            move || {
                let gate = Gate::default();
                let mut opener = None;
                executor.block_on(async {
                    let gate_of_opener = gate.clone();
                    opener = Some(thread::spawn(move || gate_of_opener.open()));
                    gate.await;
                });
                opener.unwrap().join().unwrap();
            }
        });
        executor.block_on(async {});
        follower.join().unwrap();
    });
}

#[test]
fn the_seat_is_handed_to_a_thread_that_waits_for_a_task() {
    loom::model(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        // Never finished by the first `block_on`, whoever gets to drive first.
        let task = executor.handle().spawn(Yields(2));
        let waiting = thread::spawn({
            let executor = executor.clone();
            move || executor.block_on(task).unwrap()
        });
        executor.block_on(async {});
        waiting.join().unwrap();
    });
}

#[test]
fn a_follower_that_leaves_keeps_the_free_seat_from_nobody() {
    loom::model(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        let task = executor.handle().spawn(yield_now());
        let waiting = thread::spawn({
            let executor = executor.clone();
            move || executor.block_on(task).unwrap()
        });
        let passing = thread::spawn({
            let executor = executor.clone();
            move || executor.block_on(async {})
        });
        executor.block_on(async {});
        passing.join().unwrap();
        waiting.join().unwrap();
    });
}

#[test]
fn a_follower_that_came_late_hears_of_the_free_seat_again() {
    loom::model(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        let task = executor.handle().spawn(yield_now());
        let waiting = thread::spawn({
            let executor = executor.clone();
            move || executor.block_on(task).unwrap()
        });
        // The second takes the seat before the follower has come for the one that the first left.
        executor.block_on(async {});
        executor.block_on(async {});
        waiting.join().unwrap();
    });
}

/// Wakes itself that many times.
struct Yields(u32);

impl Future for Yields {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

struct NoteDrop(Arc<Counter>);

impl Drop for NoteDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
