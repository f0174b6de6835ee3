//! Spawning, joining and detaching.

mod gate;
mod watchdog;

use std::future::{self, Future};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use gate::Key;
use reveille_context::task;
use reveille_executor::{CurrentThread, Handle, JoinHandle, ThreadPark, spawn, try_spawn, yield_now};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

#[derive(Default)]
struct CountWakes(AtomicUsize);

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll_once<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> Poll<Result<T, reveille_executor::JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

#[test]
fn a_task_gives_its_output_to_who_joins_it() {
    watched(|| {
        let text = executor().block_on(async { spawn(async { String::from("output") }).await.unwrap() });
        assert_eq!(text, "output");
    });
}

#[test]
fn a_task_is_polled_only_when_it_was_woken() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            for _ in 0..10 {
                yield_now().await;
            }
            assert_eq!(key.polls(), 1);
            key.wake();
            key.wake();
            yield_now().await;
            assert_eq!(key.polls(), 2, "two wakes before a poll are one poll");
            key.open();
            task.await.unwrap();
        });
        assert_eq!(key.polls(), 3);
        assert_eq!(key.drops(), 1);
    });
}

#[test]
fn dropping_a_handle_detaches() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            drop(spawn(key.gate()));
            yield_now().await;
            assert_eq!((key.polls(), key.drops()), (1, 0));
            key.open();
            yield_now().await;
            assert_eq!((key.polls(), key.drops()), (2, 1));
        });
    });
}

#[test]
fn dropping_a_polled_handle_drops_its_waker_and_detaches() {
    watched(|| {
        let (key, wakes) = (Key::default(), Arc::new(CountWakes::default()));
        let executor = executor();
        let mut handle = executor.handle().spawn(key.gate());
        assert!(poll_once(&mut handle, &wakes.clone().into()).is_pending());
        assert_eq!(Arc::strong_count(&wakes), 2);
        drop(handle);
        assert_eq!(Arc::strong_count(&wakes), 1);
        key.open();
        executor.block_on(yield_now());
        assert_eq!(key.drops(), 1);
        assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn is_finished_turns_true_when_the_task_ends() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            assert!(!task.is_finished());
            yield_now().await;
            assert!(!task.is_finished());
            key.open();
            assert!(!task.is_finished());
            yield_now().await;
            assert!(task.is_finished());
            task.await.unwrap();
        });
    });
}

#[test]
fn a_handle_polled_after_it_returned_panics_and_says_why() {
    watched(|| {
        let executor = executor();
        let mut task = executor.handle().spawn(async { 1 });
        assert_eq!(executor.block_on(&mut task).unwrap(), 1);
        let panic = catch_unwind(AssertUnwindSafe(|| poll_once(&mut task, Waker::noop()))).unwrap_err();
        assert_eq!(
            *panic.downcast::<&str>().unwrap(),
            "JoinHandle polled after it returned the task's output"
        );
    });
}

#[test]
fn only_the_latest_waker_of_a_handle_is_woken() {
    watched(|| {
        let (first, second) = (Arc::new(CountWakes::default()), Arc::new(CountWakes::default()));
        let executor = executor();
        let mut task = executor.handle().spawn(async {});
        assert!(poll_once(&mut task, &first.clone().into()).is_pending());
        assert!(poll_once(&mut task, &first.clone().into()).is_pending());
        assert_eq!(Arc::strong_count(&first), 2, "the same waker is not kept twice");
        assert!(poll_once(&mut task, &second.clone().into()).is_pending());
        assert_eq!(Arc::strong_count(&first), 1);
        executor.block_on(yield_now());
        assert_eq!(first.0.load(Ordering::SeqCst), 0);
        assert_eq!(second.0.load(Ordering::SeqCst), 1);
        assert!(poll_once(&mut task, Waker::noop()).is_ready());
    });
}

#[test]
fn a_task_is_joined_on_another_thread_under_another_executor() {
    watched(|| {
        let executor = executor();
        let key = Key::default();
        let task = executor.handle().spawn({
            let gate = key.gate();
            async move {
                gate.await;
                "joined"
            }
        });
        let joiner = thread::spawn(move || pollster::block_on(task).unwrap());
        let opener = thread::spawn(move || key.open());
        executor.block_on(future::poll_fn(|cx| {
            if joiner.is_finished() {
                return Poll::Ready(());
            }
            thread::yield_now();
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(joiner.join().unwrap(), "joined");
        opener.join().unwrap();
    });
}

#[test]
fn a_foreign_spawn_wakes_an_executor_that_sleeps() {
    watched(|| {
        let executor = executor();
        let handle = executor.handle();
        let (asleep, is_asleep) = mpsc::channel();
        let key = Key::default();
        let spawner = thread::spawn({
            let key = key.clone();
            move || {
                is_asleep.recv().unwrap();
                handle.spawn(async move { key.open() })
            }
        });
        let mut gate = pin!(key.gate());
        executor.block_on(future::poll_fn(|cx| {
            let polled = gate.as_mut().poll(cx);
            let _ = asleep.send(());
            polled
        }));
        let task = spawner.join().unwrap();
        executor.block_on(task).unwrap();
    });
}

#[test]
fn spawn_outside_a_runtime_panics_and_says_what_to_do() {
    let panic = catch_unwind(|| spawn(async {})).unwrap_err();
    let message = panic.downcast::<&str>().unwrap();
    assert!(
        message.starts_with("`spawn` was called where no runtime is current"),
        "{message}"
    );
    assert!(message.contains("handle.enter()"), "{message}");
}

#[test]
fn try_spawn_outside_a_runtime_gives_the_future_back() {
    watched(|| {
        let key = Key::default();
        let error = try_spawn(key.gate()).unwrap_err();
        assert_eq!(error.to_string(), "no runtime is current on this thread");
        assert_eq!((key.polls(), key.drops()), (0, 0));
        let gate = error.into_future();
        key.open();
        executor().block_on(gate);
        assert_eq!(key.polls(), 1);
    });
}

#[test]
fn try_spawn_works_inside_a_runtime() {
    watched(|| {
        let output = executor().block_on(async { try_spawn(async { 5 }).unwrap().await.unwrap() });
        assert_eq!(output, 5);
    });
}

#[test]
fn an_entered_handle_takes_what_the_thread_spawns_until_its_guard_is_dropped() {
    watched(|| {
        let (first, second) = (executor(), executor());
        assert!(Handle::try_current().is_none());
        let outer = first.handle().enter();
        let inner = second.handle().enter();
        let of_second = spawn(async {});
        drop(inner);
        let of_first = spawn(async {});
        drop(outer);
        assert!(try_spawn(async {}).is_err());
        first.block_on(yield_now());
        assert!(of_first.is_finished() && !of_second.is_finished());
        second.block_on(yield_now());
        assert!(of_second.is_finished());
    });
}

#[test]
fn a_block_on_inside_an_entered_runtime_spawns_on_its_own() {
    watched(|| {
        let (entered, blocking) = (executor(), executor());
        let _guard = entered.handle().enter();
        blocking.block_on(async { spawn(async {}).await.unwrap() });
        let of_entered = spawn(async {});
        blocking.block_on(yield_now());
        assert!(!of_entered.is_finished());
        entered.block_on(of_entered).unwrap();
    });
}

#[test]
fn a_task_lives_on_between_two_block_ons() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let mut spawned = None;
        executor.block_on(async {
            spawned = Some(spawn(key.gate()));
            yield_now().await;
        });
        let task = spawned.unwrap();
        assert_eq!((key.polls(), key.drops()), (1, 0));
        key.open();
        assert_eq!(key.polls(), 1, "nothing runs between two `block_on`s");
        executor.block_on(task).unwrap();
        assert_eq!((key.polls(), key.drops()), (2, 1));
    });
}

#[test]
fn a_task_sees_its_own_id_as_current() {
    watched(|| {
        executor().block_on(async {
            let root = task::current();
            let first = spawn(async { task::current() });
            let second = spawn(async { task::current() });
            let ids = [first.id(), second.id()];
            assert_ne!(ids[0], ids[1]);
            assert_eq!(first.await.unwrap(), Some(ids[0]));
            assert_eq!(second.await.unwrap(), Some(ids[1]));
            assert_eq!(task::current(), root);
            assert!(root.is_some_and(|root| !ids.contains(&root)));
        });
        assert_eq!(task::current(), None);
    });
}

#[test]
fn a_slot_of_the_table_is_used_again() {
    watched(|| {
        let executor = executor();
        for round in 0..3 {
            let key = Key::default();
            let tasks: Vec<_> = (0..10).map(|_| executor.handle().spawn(key.gate())).collect();
            executor.block_on(yield_now());
            key.open();
            for task in tasks.iter() {
                task.abort();
            }
            executor.block_on(async {
                for task in tasks {
                    let _ = task.await;
                }
            });
            assert_eq!(key.drops(), 10, "round {round}");
        }
    });
}
