//! B10: no task is stranded in a worker's own slot or queue, whether that worker blocks, leaves, or always has something
//! that comes first.
//!
//! What must run runs before the test lets go of what stands in its way; else the watchdog ends it.

mod watchdog;

use std::future::{Future, pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use reveille::task::{block_in_place, spawn_local, yield_now};
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::multi_thread();
    builder
        .worker_threads(workers)
        .on_slow_poll(|_| {})
        .build()
        .unwrap()
}

/// A task that says when it runs after it was woken, and its waker.
fn sleeper(runtime: &Runtime, ran: mpsc::Sender<()>) -> Waker {
    let (sender, receiver) = mpsc::channel::<Waker>();
    let mut polls = 0;
    drop(runtime.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 1 {
            sender.send(cx.waker().clone()).unwrap();
            return Poll::Pending;
        }
        ran.send(()).unwrap();
        Poll::Ready(())
    })));
    receiver.recv().unwrap()
}

#[test]
fn a_task_woken_by_one_that_then_blocks_runs_elsewhere() {
    let _watchdog = Watchdog::new("a task in the slot of a blocked worker", LIMIT);
    for workers in [2, 4] {
        let runtime = runtime(workers);
        for woken in [1, 2, 5] {
            let (ran, runs) = mpsc::channel();
            let wakers: Vec<_> = (0..woken).map(|_| sleeper(&runtime, ran.clone())).collect();
            let (release, released) = mpsc::channel::<()>();
            let blocker = runtime.spawn(async move {
                wakers.into_iter().for_each(Waker::wake);
                // This blocks the worker.
                released.recv().unwrap();
            });
            for _ in 0..woken {
                runs.recv().unwrap();
            }
            assert!(!blocker.is_finished());
            release.send(()).unwrap();
            runtime.block_on(blocker).unwrap();
        }
    }
}

#[test]
fn a_task_woken_by_one_that_then_blocks_in_place_runs() {
    let _watchdog = Watchdog::new("a task in the slot of a worker that blocks in place", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        for woken in [1, 2, 5] {
            let (ran, runs) = mpsc::channel();
            let wakers: Vec<_> = (0..woken).map(|_| sleeper(&runtime, ran.clone())).collect();
            let task = runtime.spawn(async move {
                wakers.into_iter().for_each(Waker::wake);
                block_in_place(|| (0..woken).for_each(|_| runs.recv().unwrap()));
            });
            runtime.block_on(task).unwrap();
        }
    }
}

/// What was spawned by the thread that stands in stays in the shard when the worker is back.
#[test]
fn nothing_stays_with_a_thread_that_stood_in() {
    let _watchdog = Watchdog::new("tasks of a thread that stood in", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        for round in 0..50 {
            let (ran, runs) = mpsc::channel();
            let task = runtime.spawn(async move {
                let (begin, began) = mpsc::channel();
                drop(reveille::spawn(async move {
                    for _ in 0..300 {
                        let ran = ran.clone();
                        drop(reveille::spawn(async move {
                            yield_now().await;
                            ran.send(()).unwrap();
                        }));
                    }
                    begin.send(()).unwrap();
                }));
                block_in_place(|| {
                    began.recv().unwrap();
                    // Sometimes the others have begun, sometimes not.
                    (0..round % 3).for_each(|_| runs.recv().unwrap());
                });
                runs
            });
            let runs = runtime.block_on(task).unwrap();
            assert_eq!(runs.iter().count(), 300 - round % 3);
        }
    }
}

/// Local tasks of a thread that stood in end there, also after the worker is back.
#[test]
fn local_tasks_of_a_thread_that_stood_in_end() {
    let _watchdog = Watchdog::new("local tasks of a thread that stood in", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        for _ in 0..20 {
            let (ran, runs) = mpsc::channel();
            let (go, gone) = mpsc::channel::<()>();
            let waits = Arc::new(Mutex::new(None::<Waker>));
            let wakes = waits.clone();
            let task = runtime.spawn(async move {
                let (begin, began) = mpsc::channel();
                drop(reveille::spawn(async move {
                    let home = thread::current().id();
                    drop(spawn_local(async move {
                        poll_fn(|cx| {
                            *waits.lock().unwrap() = Some(cx.waker().clone());
                            match gone.try_recv() {
                                Ok(()) => Poll::Ready(()),
                                Err(_) => Poll::Pending,
                            }
                        })
                        .await;
                        assert_eq!(thread::current().id(), home);
                        ran.send(()).unwrap();
                    }));
                    begin.send(()).unwrap();
                }));
                block_in_place(|| began.recv().unwrap());
            });
            runtime.block_on(task).unwrap();
            go.send(()).unwrap();
            loop {
                let waker = wakes.lock().unwrap().take();
                if let Some(waker) = waker {
                    waker.wake();
                    break;
                }
                thread::yield_now();
            }
            runs.recv().unwrap();
        }
    }
}

/// The first thread's `block_on` ends while tasks are in its queue; they run on whichever drives next.
#[test]
fn tasks_in_the_queue_of_a_block_on_that_ends_run_in_another() {
    let _watchdog = Watchdog::new("tasks that a block_on left behind", LIMIT);
    let runtime = Builder::current_thread().build().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    for round in 1..=100 {
        let count = ran.clone();
        runtime.block_on(async {
            for _ in 0..100 {
                let ran = count.clone();
                drop(reveille::spawn(async move {
                    yield_now().await;
                    ran.fetch_add(1, Ordering::Relaxed);
                }));
            }
        });
        thread::scope(|scope| {
            scope.spawn(|| {
                runtime.block_on(async {
                    while ran.load(Ordering::Relaxed) < round * 100 {
                        yield_now().await;
                    }
                })
            });
        });
    }
}

/// A thread that only ever calls short `block_on`s, and never spawns.
#[test]
fn an_executor_that_is_only_ticked_runs_its_tasks() {
    let _watchdog = Watchdog::new("short block_ons of a thread that never spawns", LIMIT);
    let runtime = Builder::current_thread().build().unwrap();
    let (done, over) = mpsc::channel();
    thread::scope(|scope| {
        let ticked = &runtime;
        scope.spawn(move || {
            while over.try_recv().is_err() {
                ticked.block_on(async {});
            }
        });
        for _ in 0..20 {
            let (sender, receiver) = mpsc::channel();
            for task in 0..10 {
                let sender = sender.clone();
                drop(runtime.spawn(async move {
                    yield_now().await;
                    reveille::time::sleep(Duration::from_micros(task * 100)).await;
                    reveille::spawn(async move { sender.send(()).unwrap() })
                        .await
                        .unwrap();
                }));
            }
            (0..10).for_each(|_| receiver.recv().unwrap());
        }
        done.send(()).unwrap();
    });
}

/// Two tasks that wake each other, so that one is in the slot for the next always. The future ends when `over` does.
fn ping_pong(polls: &Arc<AtomicU64>, over: &Arc<AtomicBool>) -> [impl Future<Output = ()> + Send + use<>; 2] {
    let waiting: Arc<Mutex<[Option<Waker>; 2]>> = Arc::default();
    [0, 1].map(|me| {
        let (polls, over, waiting) = (polls.clone(), over.clone(), waiting.clone());
        poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            let mut both = waiting.lock().unwrap();
            both[me] = Some(cx.waker().clone());
            let other = both[1 - me].take();
            drop(both);
            if let Some(other) = other {
                other.wake();
            }
            match over.load(Ordering::Relaxed) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
    })
}

#[test]
fn a_pair_that_wakes_each_other_lets_a_hundred_others_run() {
    const OTHERS: u64 = 100;
    const TURNS: u64 = 50;
    // Between two turns of a task each other one has one, and for each of those the pair has three in its slot and some
    // in the queue.
    const BOUND: u64 = 8 * OTHERS;

    let _watchdog = Watchdog::new("a hundred tasks beside a pair", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        let polls = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let (pair, longest) = {
            let (polls, over) = (polls.clone(), over.clone());
            runtime
                .block_on(runtime.spawn(async move {
                    // All of them are pushed to one worker.
                    let others: Vec<_> = (0..OTHERS)
                        .map(|_| {
                            let polls = polls.clone();
                            reveille::spawn(async move {
                                let mut longest = 0;
                                let mut before = polls.load(Ordering::Relaxed);
                                for _ in 0..TURNS {
                                    yield_now().await;
                                    let now = polls.load(Ordering::Relaxed);
                                    longest = longest.max(now - before);
                                    before = now;
                                }
                                longest
                            })
                        })
                        .collect();
                    let pair = ping_pong(&polls, &over).map(reveille::spawn);
                    let mut longest = 0;
                    for other in others {
                        longest = longest.max(other.await.unwrap());
                    }
                    (pair, longest)
                }))
                .unwrap()
        };
        // The others are all through, and the pair has not been told to end yet.
        over.store(true, Ordering::Relaxed);
        // On several workers it is up to the system how many polls one makes while another stands still.
        assert!(
            workers > 1 || longest <= BOUND,
            "some task waited for {longest} polls of a pair"
        );
        pair.iter().for_each(|task| task.abort());
    }
}

/// More tasks than a worker's queue takes: none is overtaken by many more than the queue holds.
///
/// A worker whose thread the system leaves without a processor has its queue handed on, behind all others, so one of
/// several attempts has to do.
#[test]
fn tasks_that_overflow_the_queue_do_not_wait_for_all_after_them() {
    // The queue, what was moved with the first that was taken, and a look at the injector every 61 tasks.
    const BOUND: usize = 2 * 256 + 61;

    let _watchdog = Watchdog::new("ten thousand tasks of one worker", LIMIT);
    for workers in [2, 4] {
        order_of_ten_thousand(workers);
    }
    let overtaken_by = |order: Vec<usize>| {
        let overtaken = order.iter().enumerate();
        overtaken
            .map(|(position, number)| position.saturating_sub(*number))
            .max()
    };
    let mut attempts = (0..20).map(|_| overtaken_by(order_of_ten_thousand(1)).unwrap());
    assert!(
        attempts.any(|most| most <= BOUND),
        "in each attempt a task was overtaken by more"
    );
}

/// In which order tasks run that one task spawns.
fn order_of_ten_thousand(workers: usize) -> Vec<usize> {
    const TASKS: usize = 10_000;

    let runtime = runtime(workers);
    let order = Arc::new(Mutex::new(Vec::with_capacity(TASKS)));
    let pushed = order.clone();
    let spawner = runtime.spawn(async move {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let order = pushed.clone();
                reveille::spawn(async move { order.lock().unwrap().push(number) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    runtime.block_on(spawner).unwrap();
    let order = std::mem::take(&mut *order.lock().unwrap());
    assert_eq!(order.len(), TASKS);
    order
}

/// What a `block_on`'s root spawns belongs to the workers, and goes on when the root is gone.
#[test]
fn tasks_spawned_by_a_root_do_not_need_it() {
    let _watchdog = Watchdog::new("tasks of a root that is gone", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        let (sender, receiver) = mpsc::channel();
        runtime.block_on(async {
            for _ in 0..300 {
                let sender = sender.clone();
                drop(reveille::spawn(async move {
                    yield_now().await;
                    sender.send(()).unwrap();
                }));
            }
            drop(spawn_local(pending::<()>()));
        });
        (0..300).for_each(|_| receiver.recv().unwrap());
    }
}
