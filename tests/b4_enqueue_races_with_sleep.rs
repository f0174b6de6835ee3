//! B4: a task is queued while the last worker goes to sleep, and must not stay there while all of them sleep.
//!
//! A foreign thread spawns one task at a time, after waits of all lengths around the one in which the workers fall
//! asleep. A task that stays in a queue hangs, which the watchdog reports. `REVEILLE_STRESS=full` runs far more rounds.

mod watchdog;

use std::future::poll_fn;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use watchdog::Watchdog;

const WORKERS: [usize; 3] = [1, 2, 4];

fn is_full() -> bool {
    std::env::var("REVEILLE_STRESS").is_ok_and(|stress| stress == "full")
}

fn rounds() -> usize {
    if is_full() { 1_700_000 } else { 600 }
}

fn watched(what: &'static str) -> Watchdog {
    Watchdog::new(what, Duration::from_secs(if is_full() { 3_600 } else { 60 }))
}

/// Waits for none to some 50 µs, in no order, without a clock.
fn idle(round: usize) {
    for _ in 0..round.wrapping_mul(2_654_435_761) % 5_003 {
        spin_loop();
    }
}

fn runtime(workers: usize) -> Runtime {
    let parks = AtomicUsize::new(0);
    Builder::multi_thread()
        .worker_threads(workers)
        // Makes the moment longer in which a worker falls asleep.
        .on_thread_park(move || idle(parks.fetch_add(1, Ordering::Relaxed) * 3))
        .build()
        .unwrap()
}

/// How often a worker woke up. Not counted in a hook: who is to call one lets others search meanwhile.
fn unparks(runtime: &Runtime) -> u64 {
    let metrics = runtime.handle().metrics();
    metrics.workers.iter().map(|worker| worker.parks).sum()
}

#[test]
fn a_task_spawned_while_the_workers_fall_asleep_runs() {
    let _watchdog = watched("one spawn at a time");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let (sender, receiver) = mpsc::channel();
        for round in 0..rounds() {
            let sender = sender.clone();
            drop(runtime.spawn(async move { sender.send(round).unwrap() }));
            assert_eq!(receiver.recv().unwrap(), round);
            idle(round);
        }
        let unparks = unparks(&runtime);
        // Nobody is woken for nothing.
        assert!(
            unparks <= (rounds() + workers) as u64,
            "{workers} workers woke up {unparks} times for {} tasks",
            rounds()
        );
    }
}

#[test]
fn a_task_woken_while_the_workers_fall_asleep_runs() {
    let _watchdog = watched("one wake at a time");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let last = rounds();
        let given = Arc::new(AtomicUsize::new(0));
        let theirs = given.clone();
        let (sender, receiver) = mpsc::channel::<Waker>();
        let task = runtime.spawn(poll_fn(move |cx| {
            sender.send(cx.waker().clone()).unwrap();
            match theirs.load(Ordering::SeqCst) == last {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }));
        for round in 1..=last {
            let waker = receiver.recv().unwrap();
            idle(round);
            given.store(round, Ordering::SeqCst);
            waker.wake();
        }
        runtime.block_on(task).unwrap();
        let unparks = unparks(&runtime);
        assert!(
            unparks <= (last + 1 + workers) as u64,
            "{unparks} unparks for {last} wakes"
        );
    }
}

/// Several spawn at once: whoever finds a task answers for what was pushed meanwhile.
#[test]
fn bursts_from_several_threads_all_run() {
    let _watchdog = watched("bursts of spawns");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let rounds = rounds() / 8;
        thread::scope(|scope| {
            for spawner in 0..3 {
                let runtime = &runtime;
                scope.spawn(move || {
                    let (sender, receiver) = mpsc::channel();
                    for round in 0..rounds {
                        let burst = round % 4 + 1;
                        for _ in 0..burst {
                            let sender = sender.clone();
                            drop(runtime.spawn(async move { sender.send(()).unwrap() }));
                        }
                        for _ in 0..burst {
                            receiver.recv().unwrap();
                        }
                        idle(round * 3 + spawner);
                    }
                });
            }
        });
    }
}

/// A task that a worker pushes to its own queue wakes nobody, so the worker must look there before it sleeps.
#[test]
fn what_a_worker_spawns_before_it_sleeps_runs() {
    let _watchdog = watched("spawns by workers");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let (sender, receiver) = mpsc::channel();
        for round in 0..rounds() {
            let sender = sender.clone();
            let children = round % 3 + 1;
            drop(runtime.spawn(async move {
                for _ in 0..children {
                    let sender = sender.clone();
                    drop(reveille::spawn(async move { sender.send(()).unwrap() }));
                }
            }));
            for _ in 0..children {
                receiver.recv().unwrap();
            }
            idle(round);
        }
    }
}

/// The root future of a `block_on` is woken by a foreign thread, just after it returned pending.
#[test]
fn a_root_that_is_woken_while_its_thread_falls_asleep_is_polled() {
    let _watchdog = watched("a root that is woken");
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let last = rounds();
        let given = AtomicUsize::new(0);
        let waker = Mutex::new(None::<Waker>);
        let taken = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=last {
                    idle(round);
                    given.store(round, Ordering::SeqCst);
                    // Taken once, so that a wake that is lost is not made good by the next.
                    if let Some(waker) = waker.lock().unwrap().take() {
                        waker.wake();
                    }
                    while taken.load(Ordering::SeqCst) < round {
                        thread::yield_now();
                    }
                }
            });
            runtime.block_on(poll_fn(|cx| {
                *waker.lock().unwrap() = Some(cx.waker().clone());
                let seen = given.load(Ordering::SeqCst);
                taken.store(seen, Ordering::SeqCst);
                if seen == last {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
        });
    }
}

/// The root waits for a task each time, which a worker completes while the root's thread falls asleep.
#[test]
fn a_root_that_waits_for_tasks_hears_of_each() {
    let _watchdog = watched("a root that joins");
    for workers in WORKERS {
        let runtime = runtime(workers);
        runtime.block_on(async {
            for round in 0..rounds() {
                let task = reveille::spawn(async move {
                    idle(round);
                    round
                });
                assert_eq!(task.await.unwrap(), round);
            }
        });
        let unparks = unparks(&runtime);
        assert!(
            unparks <= (rounds() + workers) as u64,
            "{unparks} unparks for {} tasks",
            rounds()
        );
    }
}

/// Local tasks that are woken from elsewhere go through their thread's mailbox.
#[test]
fn a_local_task_that_is_woken_while_its_worker_falls_asleep_runs() {
    let _watchdog = watched("a local task that is woken");
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let last = rounds();
        let given = Arc::new(AtomicUsize::new(0));
        let theirs = given.clone();
        let (sender, receiver) = mpsc::channel::<Waker>();
        let task = runtime.handle().spawn_on(workers - 1, move || {
            poll_fn(move |cx| {
                sender.send(cx.waker().clone()).unwrap();
                match theirs.load(Ordering::SeqCst) == last {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
        });
        for round in 1..=last {
            let waker = receiver.recv().unwrap();
            idle(round);
            given.store(round, Ordering::SeqCst);
            waker.wake();
        }
        runtime.block_on(task).unwrap();
    }
}
