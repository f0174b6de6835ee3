//! Who runs when: the order of a yield, tasks that are always ready, and the budget of one poll.

mod gate;
mod watchdog;

use std::future::{self, Future};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use gate::Key;
use reveille_context::coop;
use reveille_executor::{
    Config, CurrentThread, JoinHandle, MultiThread, ThreadPark, block_in_place, consume_budget, spawn,
    yield_now,
};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_spawned_and_a_yield_goes_to_the_back() {
    watched(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        executor().block_on(async {
            let tasks: Vec<_> = (0..5)
                .map(|task| {
                    let order = order.clone();
                    spawn(async move {
                        for round in 0..3 {
                            order.lock().unwrap().push((round, task));
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        let in_turn: Vec<_> = (0..3)
            .flat_map(|round| (0..5).map(move |task| (round, task)))
            .collect();
        assert_eq!(*order.lock().unwrap(), in_turn);
    });
}

#[test]
fn a_yield_of_the_root_lets_every_ready_task_of_a_batch_run_first() {
    watched(|| {
        let keys: Vec<_> = (0..30).map(|_| Key::default()).collect();
        executor().block_on(async {
            for key in &keys {
                drop(spawn(key.gate()));
            }
            yield_now().await;
            assert!(keys.iter().all(|key| key.polls() == 1));
        });
    });
}

#[test]
fn what_another_thread_spawned_before_a_yield_of_the_root_runs_first() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        executor.block_on(async {
            let (handle, gate) = (executor.handle(), key.gate());
            let spawner = thread::spawn(move || drop(handle.spawn(gate)));
            spawner.join().unwrap();
            yield_now().await;
            assert_eq!(key.polls(), 1);
        });
    });
}

#[test]
fn yield_now_works_under_any_executor_and_wakes_once() {
    watched(|| {
        pollster::block_on(yield_now());
        let mut yielding = pin!(yield_now());
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(yielding.as_mut().poll(cx).is_pending());
        assert!(yielding.as_mut().poll(cx).is_ready());
    });
}

/// Wakes itself in every poll, until it is told to stop; counts its polls.
struct AlwaysReady {
    polls: Arc<AtomicUsize>,
    stop: Key,
}

impl Future for AlwaysReady {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        if self.stop.drops() > 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn spawn_always_ready() -> (Arc<AtomicUsize>, Key, JoinHandle<()>) {
    let (polls, stop) = (Arc::new(AtomicUsize::new(0)), Key::default());
    let task = spawn(AlwaysReady {
        polls: polls.clone(),
        stop: stop.clone(),
    });
    (polls, stop, task)
}

#[test]
fn a_task_that_wakes_itself_starves_neither_the_root_nor_the_others() {
    watched(|| {
        executor().block_on(async {
            let (polls, stop, busy) = spawn_always_ready();
            let others: Vec<_> = (0..10)
                .map(|_| {
                    spawn(async {
                        for _ in 0..100 {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for other in others {
                other.await.unwrap();
            }
            // Each of its polls let each of the others run once; then the root, which 32 polls may come before.
            let polled = polls.load(Ordering::SeqCst);
            assert!((100..=200).contains(&polled), "{polled}");
            drop(stop.gate());
            busy.await.unwrap();
        });
    });
}

#[test]
fn a_root_that_always_wakes_itself_starves_no_task() {
    watched(|| {
        let mut task = None;
        let mut polls = 0;
        executor().block_on(future::poll_fn(|cx| {
            let task = task.get_or_insert_with(|| {
                spawn(async {
                    for _ in 0..100 {
                        yield_now().await;
                    }
                })
            });
            polls += 1;
            cx.waker().wake_by_ref();
            if task.is_finished() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        assert!(polls <= 110, "{polls}");
    });
}

#[test]
fn a_busy_executor_looks_at_its_mailbox() {
    watched(|| {
        let executor = executor();
        let handle = executor.handle();
        executor.block_on(async {
            let (polls, stop, busy) = spawn_always_ready();
            let delivered = Arc::new(AtomicUsize::new(usize::MAX));
            let spawner = thread::spawn({
                let delivered = delivered.clone();
                move || handle.spawn(async move { delivered.store(0, Ordering::SeqCst) })
            });
            let mailed = spawner.join().unwrap();
            let before = polls.load(Ordering::SeqCst);
            mailed.await.unwrap();
            assert_eq!(delivered.load(Ordering::SeqCst), 0);
            let waited = polls.load(Ordering::SeqCst) - before;
            assert!(waited <= 61, "the mailbox was looked at after {waited} polls");
            drop(stop.gate());
            busy.await.unwrap();
        });
    });
}

/// As a socket that is always ready: completes as many operations as it may, counted in `done`.
async fn read_for_ever(done: Arc<AtomicUsize>, goal: usize) {
    while done.load(Ordering::SeqCst) < goal {
        future::poll_fn(|cx| coop::poll_proceed(cx).map(|progress| progress.made())).await;
        done.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn one_poll_completes_128_operations_and_then_the_others_run() {
    watched(|| {
        let done = Arc::new(AtomicUsize::new(0));
        executor().block_on(async {
            let reader = spawn(read_for_ever(done.clone(), 1000));
            let seen = spawn({
                let done = done.clone();
                async move {
                    let mut seen = Vec::new();
                    for _ in 0..3 {
                        seen.push(done.load(Ordering::SeqCst));
                        yield_now().await;
                    }
                    seen
                }
            });
            assert_eq!(seen.await.unwrap(), [128, 256, 384]);
            reader.await.unwrap();
        });
    });
}

#[test]
fn the_root_has_a_budget_too() {
    watched(|| {
        let done = Arc::new(AtomicUsize::new(0));
        executor().block_on(async {
            let seen = spawn({
                let done = done.clone();
                async move { done.load(Ordering::SeqCst) }
            });
            read_for_ever(done.clone(), 1000).await;
            assert_eq!(seen.await.unwrap(), 128);
        });
    });
}

#[test]
fn joining_spends_the_budget_only_when_it_completes() {
    watched(|| {
        executor().block_on(async {
            let never = spawn(future::pending::<()>());
            let mut waiting = pin!(never);
            future::poll_fn(|cx| {
                for _ in 0..1000 {
                    assert!(waiting.as_mut().poll(cx).is_pending());
                }
                Poll::Ready(())
            })
            .await;
            let done: Vec<_> = (0..300).map(|_| spawn(async {})).collect();
            for _ in 0..20 {
                yield_now().await;
            }
            assert!(done.iter().all(JoinHandle::is_finished));
            let mut done = done.into_iter();
            let mut joined_per_poll = Vec::new();
            let mut next = done.next();
            future::poll_fn(|cx| {
                let mut joined = 0;
                while let Some(task) = &mut next {
                    if Pin::new(task).poll(cx).is_pending() {
                        joined_per_poll.push(joined);
                        return Poll::Pending;
                    }
                    joined += 1;
                    next = done.next();
                }
                joined_per_poll.push(joined);
                Poll::Ready(())
            })
            .await;
            assert_eq!(joined_per_poll.iter().sum::<usize>(), 300);
            assert!(
                joined_per_poll.iter().all(|joined| *joined <= 128),
                "{joined_per_poll:?}"
            );
        });
    });
}

#[test]
fn the_budget_has_no_end_in_block_in_place_and_goes_on_behind_it() {
    watched(|| {
        let executor = MultiThread::new([ThreadPark::new()], Config::default()).unwrap();
        let task = async {
            let mut cx = Context::from_waker(Waker::noop());
            let mut spend = || pin!(consume_budget()).poll(&mut cx).is_ready();
            let inside = block_in_place(|| (0..1000).filter(|_| spend()).count());
            (inside, (0..1000).filter(|_| spend()).count())
        };
        let (inside, behind) = executor.block_on(async { spawn(task).await.unwrap() });
        assert_eq!(inside, 1000);
        assert!(behind <= 128, "{behind}");
    });
}
