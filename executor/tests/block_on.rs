//! `block_on` itself: what it runs, where it may be called, and several threads in it at once.

mod gate;
mod watchdog;

use std::cell::Cell;
use std::future::{self, Future};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;

use gate::Key;
use reveille_executor::{CurrentThread, ThreadPark, spawn, yield_now};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

#[test]
fn the_root_may_borrow_and_need_not_be_send() {
    watched(|| {
        let cell = Cell::new(1);
        let text = String::from("borrowed");
        let length = executor().block_on(async {
            yield_now().await;
            cell.set(2);
            text.len()
        });
        assert_eq!((cell.get(), length), (2, 8));
    });
}

#[test]
fn the_root_is_polled_only_when_it_was_woken() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let opener = thread::spawn({
            let key = key.clone();
            move || {
                while key.polls() == 0 {
                    thread::yield_now();
                }
                key.open();
            }
        });
        executor.block_on(async {
            // Runs tasks without polling the gate.
            for _ in 0..100 {
                drop(spawn(yield_now()));
            }
            key.gate().await;
        });
        opener.join().unwrap();
        assert!(key.polls() <= 2);
    });
}

#[test]
fn a_nested_block_on_is_an_error_with_both_places_and_leaves_the_outer_one_alone() {
    watched(|| {
        let (outer, inner) = (executor(), executor());
        let outer_line = Location::caller().line() + 1;
        outer.block_on(async {
            for executor in [&outer, &inner] {
                let key = Key::default();
                let inner_line = Location::caller().line() + 1;
                let error = executor.try_block_on(key.gate()).unwrap_err();
                assert_eq!((key.polls(), key.drops()), (0, 1));
                let message = error.to_string();
                let place = |line| format!("block_on.rs:{line}:");
                let inner_at = message.find(&place(inner_line)).expect("the inner place");
                let outer_at = message.find(&place(outer_line)).expect("the outer place");
                assert!(
                    inner_at < outer_at && message.contains("`.await` the future instead"),
                    "{message}"
                );
            }
            assert_eq!(spawn(async { 3 }).await.unwrap(), 3);
        });
        assert_eq!(outer.block_on(async { 4 }), 4);
    });
}

#[test]
fn a_nested_block_on_in_a_task_panics_with_both_places() {
    watched(|| {
        let executor = executor();
        let error = executor.block_on(async {
            let task = spawn(async { self::executor().block_on(async {}) });
            task.await.unwrap_err()
        });
        let message = *error.into_panic().downcast::<String>().unwrap();
        assert_eq!(message.matches("block_on.rs:").count(), 2, "{message}");
    });
}

#[test]
fn a_nested_block_on_that_panics_leaves_the_thread_able_to_block() {
    watched(|| {
        let executor = executor();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async { executor.block_on(async {}) })
        }));
        assert!(panic.is_err());
        assert_eq!(executor.block_on(async { spawn(async { 2 }).await.unwrap() }), 2);
    });
}

/// Starts `executor` on another thread and returns once that drives; it does until `finish` is opened.
fn drive(executor: &Arc<CurrentThread<ThreadPark>>, finish: &Key) -> thread::JoinHandle<()> {
    let (drives, is_driving) = channel();
    let driver = thread::spawn({
        let (executor, gate) = (executor.clone(), finish.gate());
        move || {
            executor.block_on(async move {
                // A task runs, so this thread drives.
                spawn(async {}).await.unwrap();
                drives.send(()).unwrap();
                gate.await;
            })
        }
    });
    is_driving.recv().unwrap();
    driver
}

#[test]
fn a_second_thread_finishes_while_the_first_drives() {
    watched(|| {
        let (executor, finish) = (Arc::new(executor()), Key::default());
        let driver = drive(&executor, &finish);
        let here = thread::current().id();
        let ran_on = executor.block_on(async { spawn(async { thread::current().id() }).await.unwrap() });
        assert_ne!(ran_on, here);
        assert!(!driver.is_finished());
        finish.open();
        driver.join().unwrap();
    });
}

#[test]
fn a_waiting_thread_takes_the_driving_over_from_one_that_leaves() {
    watched(|| {
        let (executor, finish, key) = (Arc::new(executor()), Key::default(), Key::default());
        let driver = drive(&executor, &finish);
        let (gate, here) = (key.gate(), thread::current().id());
        let task = executor.handle().spawn(async move {
            gate.await;
            thread::current().id()
        });
        let ran_on = executor.block_on(async {
            // The task is polled by the driver, which then leaves; only then is the task woken.
            while key.polls() == 0 {
                yield_now().await;
            }
            finish.open();
            driver.join().unwrap();
            key.open();
            task.await.unwrap()
        });
        assert_eq!(ran_on, here);
    });
}

#[test]
fn the_seat_is_taken_over_in_a_row() {
    watched(|| {
        let (executor, finish) = (Arc::new(executor()), Key::default());
        let driver = drive(&executor, &finish);
        let keys: Vec<_> = (0..4).map(|_| Key::default()).collect();
        let waiting: Vec<_> = keys
            .iter()
            .map(|key| {
                let (executor, task) = (executor.clone(), executor.handle().spawn(key.gate()));
                thread::spawn(move || executor.block_on(task).unwrap())
            })
            .collect();
        while keys.iter().any(|key| key.polls() == 0) {
            thread::yield_now();
        }
        finish.open();
        driver.join().unwrap();
        // Whichever of them drives now, each leaves as soon as its task is done, and another must take over.
        for (key, thread) in keys.iter().zip(waiting) {
            key.open();
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_free_seat_is_seen_even_if_user_code_used_up_the_unpark() {
    watched(|| {
        let (executor, finish) = (Arc::new(executor()), Key::default());
        let driver = drive(&executor, &finish);
        let mut driver = Some(driver);
        let (executor, mut task) = (&executor, None);
        executor.block_on(future::poll_fn(|cx| {
            if let Some(driver) = driver.take() {
                // A follower since before this poll. The unpark that says the seat is free comes now, and this eats it, as a
                // channel of std's that the root waits on would.
                finish.open();
                driver.join().unwrap();
                thread::park();
                task = Some(executor.handle().spawn(async { 6 }));
            }
            pin!(task.as_mut().unwrap()).poll(cx).map(|output| {
                assert_eq!(output.unwrap(), 6);
            })
        }));
    });
}

#[test]
fn a_thread_that_leaves_keeps_the_free_seat_from_nobody() {
    watched(|| {
        let (executor, finish) = (Arc::new(executor()), Key::default());
        let driver = drive(&executor, &finish);
        // Two followers: one that leaves as it hears that the seat is free, and one that needs it.
        let (first, last) = (Key::default(), Key::default());
        let leaving = thread::spawn({
            let (executor, finish, first) = (executor.clone(), finish.clone(), first.clone());
            let mut driver = Some(driver);
            move || {
                let mut gate = pin!(first.gate());
                executor.block_on(future::poll_fn(|cx| {
                    let polled = gate.as_mut().poll(cx);
                    if polled.is_ready() {
                        // The seat is free before this root ends, and this thread has been told.
                        finish.open();
                        driver.take().unwrap().join().unwrap();
                    }
                    polled
                }))
            }
        });
        while first.polls() == 0 {
            thread::yield_now();
        }
        let task = executor.handle().spawn(last.gate());
        let waiting = thread::spawn({
            let executor = executor.clone();
            move || executor.block_on(task).unwrap()
        });
        while last.polls() == 0 {
            thread::yield_now();
        }
        first.open();
        leaving.join().unwrap();
        last.open();
        waiting.join().unwrap();
    });
}

#[test]
fn many_threads_in_block_on_all_finish() {
    watched(|| {
        let executor = Arc::new(executor());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let executor = executor.clone();
                thread::spawn(move || {
                    for round in 0..200_usize {
                        let sum = executor.block_on(async {
                            let first = spawn(async move {
                                yield_now().await;
                                round
                            });
                            let second = spawn(async move { round });
                            first.await.unwrap() + second.await.unwrap()
                        });
                        assert_eq!(sum, 2 * round);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_root_that_panics_while_another_thread_drives_leaves_the_line() {
    watched(|| {
        let (executor, finish) = (Arc::new(executor()), Key::default());
        let driver = drive(&executor, &finish);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                yield_now().await;
                panic!("a follower's root")
            })
        }));
        assert!(panic.is_err());
        let task = executor.handle().spawn(async { 1 });
        assert_eq!(executor.block_on(task).unwrap(), 1);
        finish.open();
        driver.join().unwrap();
        assert_eq!(executor.block_on(async { spawn(async { 2 }).await.unwrap() }), 2);
    });
}

#[test]
fn a_park_that_panics_when_it_is_entered_leaves_the_executor_whole() {
    struct PanicsOnce(ThreadPark, bool);
    impl reveille_executor::Park for PanicsOnce {
        fn enter(&mut self) {
            assert!(std::mem::replace(&mut self.1, true), "the first time");
        }
        fn park(&mut self, timeout: Option<std::time::Duration>, woken: &mut Vec<std::task::Waker>) {
            self.0.park(timeout, woken);
        }
        fn turn(&mut self, _: &mut Vec<std::task::Waker>) {}
        fn unparker(&self) -> std::task::Waker {
            self.0.unparker()
        }
    }
    watched(|| {
        let executor = CurrentThread::new(PanicsOnce(ThreadPark::new(), false));
        assert!(catch_unwind(AssertUnwindSafe(|| executor.block_on(async {}))).is_err());
        assert_eq!(executor.block_on(async { spawn(async { 2 }).await.unwrap() }), 2);
    });
}

#[test]
fn a_ready_root_is_polled_once() {
    watched(|| {
        let mut polls = 0;
        executor().block_on(future::poll_fn(|_| {
            polls += 1;
            Poll::Ready(())
        }));
        assert_eq!(polls, 1);
    });
}
