//! B3: a wake is dropped because the task looks scheduled, and the task never runs again.
//!
//! Many threads wake tasks at the very moments when these are queued, polled, put to rest and woken again. After the
//! last wake of a round each task must be polled once more and see what was written before that wake; one that is not
//! hangs, which the watchdog reports. `REVEILLE_STRESS=full` runs far more rounds.
#![allow(clippy::waker_clone_wake, reason = "a wake by value is what is tested")]

mod watchdog;

use std::future::{self, Future};
use std::hint::spin_loop;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use reveille_executor::{Config, CurrentThread, MultiThread, ThreadPark, spawn, spawn_local, yield_now};
use watchdog::watched;

fn rounds(bounded: usize) -> usize {
    match std::env::var("REVEILLE_STRESS") {
        Ok(full) if full == "full" => bounded * 100,
        _ => bounded,
    }
}

/// Steps that threads take and a future waits for. The counters are Relaxed: only the wakes order anything.
struct Steps {
    taken: Vec<AtomicUsize>,
    waker: Mutex<Option<Waker>>,
}

impl Steps {
    fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
            waker: Mutex::new(None),
        })
    }

    fn step(&self, thread: usize) {
        self.taken[thread].fetch_add(1, Ordering::Relaxed);
    }

    fn sum(&self) -> usize {
        self.taken.iter().map(|taken| taken.load(Ordering::Relaxed)).sum()
    }
}

/// Ready when `goal` steps were taken. It registers its waker once, so that later polls take no lock that could
/// order what a wake does not.
struct Taken {
    steps: Arc<Steps>,
    goal: usize,
    registered: bool,
    polls: usize,
}

impl Taken {
    fn new(steps: &Arc<Steps>, goal: usize) -> Self {
        Self {
            steps: steps.clone(),
            goal,
            registered: false,
            polls: 0,
        }
    }
}

impl Future for Taken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.registered {
            self.registered = true;
            *self.steps.waker.lock().unwrap() = Some(cx.waker().clone());
        }
        if self.steps.sum() == self.goal {
            return Poll::Ready(());
        }
        // A poll that is still running when the next wake comes: the moment in which that is easily lost.
        self.polls += 1;
        for _ in 0..(self.polls * 53) % 2_000 {
            spin_loop();
        }
        Poll::Pending
    }
}

fn wait_for_waker(steps: &Steps) -> Waker {
    loop {
        if let Some(waker) = &*steps.waker.lock().unwrap() {
            return waker.clone();
        }
        thread::yield_now();
    }
}

const THREADS: usize = 3;

/// Threads that step and wake: by reference, by value, and by a clone that is dropped unused in between.
fn start_waking(steps: &Arc<Steps>, wakes: usize) -> Vec<thread::JoinHandle<()>> {
    let threads = (0..THREADS).map(|index| {
        let steps = steps.clone();
        thread::spawn(move || {
            let waker = wait_for_waker(&steps);
            for wake in 0..wakes {
                steps.step(index);
                match (wake + index) % 3 {
                    0 => waker.wake_by_ref(),
                    1 => waker.clone().wake(),
                    _ => {
                        drop(waker.clone());
                        waker.wake_by_ref();
                    }
                }
            }
        })
    });
    threads.collect()
}

/// Another thread wakes it while its first poll still runs.
fn woken_in_the_middle_of_a_poll() -> impl Future<Output = ()> + Send + 'static {
    let mut polls = 0;
    future::poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        thread::spawn(move || waker.wake()).join().unwrap();
        Poll::Pending
    })
}

#[test]
fn b3_a_wake_in_the_middle_of_a_poll_is_another_poll() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        executor.block_on(woken_in_the_middle_of_a_poll());
        executor.block_on(async {
            spawn(woken_in_the_middle_of_a_poll()).await.unwrap();
            spawn_local(woken_in_the_middle_of_a_poll()).await.unwrap();
        });
        let executor = MultiThread::new([ThreadPark::new()], Config::default()).unwrap();
        let task = executor.handle().spawn(woken_in_the_middle_of_a_poll());
        executor.block_on(task).unwrap();
    });
}

#[test]
fn b3_no_wake_of_a_task_is_lost() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        for round in 0..rounds(300) {
            let wakes = 1 + round % 50;
            let steps = Steps::new(THREADS);
            let threads = start_waking(&steps, wakes);
            let task = executor.handle().spawn(Taken::new(&steps, THREADS * wakes));
            executor.block_on(task).unwrap();
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}

#[test]
fn b3_no_wake_of_the_root_is_lost() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        for round in 0..rounds(300) {
            let wakes = 1 + round % 50;
            let steps = Steps::new(THREADS);
            let threads = start_waking(&steps, wakes);
            executor.block_on(Taken::new(&steps, THREADS * wakes));
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}

#[test]
fn b3_no_wake_of_a_local_task_is_lost() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        for round in 0..rounds(300) {
            let wakes = 1 + round % 50;
            let steps = Steps::new(THREADS);
            let threads = start_waking(&steps, wakes);
            executor.block_on(async { spawn_local(Taken::new(&steps, THREADS * wakes)).await.unwrap() });
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}

#[test]
fn b3_no_wake_of_a_follower_is_lost_while_the_seat_changes_hands() {
    watched(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        for round in 0..rounds(150) {
            let wakes = 1 + round % 20;
            let steps = Steps::new(THREADS);
            let threads = start_waking(&steps, wakes);
            let others: Vec<_> = (0..2)
                .map(|_| {
                    let executor = executor.clone();
                    thread::spawn(move || {
                        for _ in 0..5 {
                            executor.block_on(async { spawn(async {}).await.unwrap() });
                        }
                    })
                })
                .collect();
            executor.block_on(Taken::new(&steps, THREADS * wakes));
            for thread in threads.into_iter().chain(others) {
                thread.join().unwrap();
            }
        }
    });
}

#[test]
fn b3_a_wake_in_the_tasks_own_poll_is_another_poll() {
    watched(|| {
        CurrentThread::new(ThreadPark::new()).block_on(async {
            for by_value in [true, false] {
                let mut polls = 0;
                let task = spawn(future::poll_fn(move |cx| {
                    polls += 1;
                    if polls == 10 {
                        return Poll::Ready(polls);
                    }
                    if by_value {
                        cx.waker().clone().wake();
                        cx.waker().clone().wake();
                    } else {
                        cx.waker().wake_by_ref();
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }));
                assert_eq!(task.await.unwrap(), 10);
            }
        });
    });
}

#[test]
fn b3_no_abort_is_lost_among_wakes() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        for round in 0..rounds(300) {
            let wakes = 1 + round % 20;
            let steps = Steps::new(THREADS);
            let threads = start_waking(&steps, wakes);
            // One step more than ever comes: only the abort ends it.
            let task = executor.handle().spawn(Taken::new(&steps, THREADS * wakes + 1));
            let task = Arc::new(task);
            let aborter = thread::spawn({
                let (task, steps) = (task.clone(), steps.clone());
                move || {
                    wait_for_waker(&steps);
                    task.abort();
                }
            });
            executor.block_on(async {
                while !task.is_finished() {
                    yield_now().await;
                }
            });
            aborter.join().unwrap();
            let error = executor.block_on(Arc::into_inner(task).unwrap()).unwrap_err();
            assert!(error.is_cancelled());
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}
