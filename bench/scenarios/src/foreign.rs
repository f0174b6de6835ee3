//! Threads that are not the runtime's: they spawn tasks, and wake them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use crate::gate::Gate;
use crate::measure::{Figures, Stopwatch, thread_nanoseconds};
use crate::settings::{repeats, workers};
use crate::tasks::wake_itself_once;
use crate::{Runtime, block_on, unavailable};

/// Tasks that are spawned, or woken, at a time.
const BATCH: u64 = 1_000;

/// A thousand tasks at a time, spawned by a thread that is not the runtime's, the next thousand when these have run. Per
/// task.
pub(crate) fn spawn<R: Runtime>() -> Figures {
    async fn batches<R: Runtime>(count: u64) {
        let handle = R::handle();
        on_a_thread(move || {
            for _ in 0..count {
                let left = Arc::new(AtomicU64::new(BATCH));
                let (sender, receiver) = mpsc::channel();
                for _ in 0..BATCH {
                    let (left, sender) = (left.clone(), sender.clone());
                    R::detach(R::spawn_with(&handle, async move {
                        if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                            sender.send(()).expect("the thread waits for it");
                        }
                    }));
                }
                receiver.recv().expect("the last task sends");
            }
        })
        .await;
    }
    demand_foreign_wakes::<R>();
    let count = repeats(1_000);
    block_on::<R, _>(async {
        batches::<R>(count / 10).await;
        let stopwatch = Stopwatch::start();
        batches::<R>(count).await;
        stopwatch.per_operation(count * BATCH)
    })
}

/// A thousand waiting tasks woken one after the other, while every worker runs a task that does not wait. Per wake, what it
/// costs the thread that wakes; the next thousand wakes come when these tasks have run.
pub(crate) fn wake_busy<R: Runtime>() -> Figures {
    demand_foreign_wakes::<R>();
    let rounds = repeats(500).max(2);
    block_on::<R, _>(async {
        let stop = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..workers().unwrap_or(1))
            .map(|_| {
                let stop = stop.clone();
                R::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        wake_itself_once().await;
                    }
                })
            })
            .collect();
        let left = Arc::new(AtomicU64::new(BATCH));
        let (tell, told) = mpsc::channel();
        let gates: Vec<_> = (0..BATCH).map(|_| Arc::new(Gate::default())).collect();
        for gate in &gates {
            let (gate, left, tell) = (gate.clone(), left.clone(), tell.clone());
            R::detach(R::spawn(async move {
                for _ in 0..rounds {
                    gate.pass().await;
                    if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        tell.send(()).expect("the thread waits for it");
                    }
                }
            }));
        }
        let per_wake = on_a_thread(move || {
            let mut spent = 0;
            for round in 0..rounds {
                left.store(BATCH, Ordering::Release);
                let before = thread_nanoseconds();
                gates.iter().for_each(|gate| gate.open());
                // The first round warms up.
                spent += if round == 0 {
                    0
                } else {
                    thread_nanoseconds() - before
                };
                told.recv().expect("the last task tells");
            }
            spent as f64 / ((rounds - 1) * BATCH) as f64
        })
        .await;
        stop.store(true, Ordering::Relaxed);
        for task in busy {
            task.await.expect("it does not panic");
        }
        vec![("waker_cpu_ns", per_wake)]
    })
}

/// A thread wakes a task of an idle runtime, and blocks until that has woken it. Per round.
pub(crate) fn ping_pong<R: Runtime>() -> Figures {
    async fn play<R: Runtime>(rounds: u64) {
        let ping = Arc::new(Gate::default());
        let (pong, ponged) = mpsc::sync_channel(1);
        let pinged = ping.clone();
        let task = R::spawn(async move {
            for _ in 0..rounds {
                pinged.pass().await;
                pong.send(()).expect("the thread waits for it");
            }
        });
        on_a_thread(move || {
            for _ in 0..rounds {
                ping.open();
                ponged.recv().expect("the task answers");
            }
        })
        .await;
        task.await.expect("it does not panic");
    }
    demand_foreign_wakes::<R>();
    let rounds = repeats(50_000);
    block_on::<R, _>(async {
        play::<R>(rounds / 10).await;
        let stopwatch = Stopwatch::start();
        play::<R>(rounds).await;
        stopwatch.per_operation(rounds)
    })
}

/// Waits for what a fresh thread returns.
async fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let done = Arc::new(Gate::default());
    let opens = done.clone();
    let thread = thread::spawn(move || {
        let output = body();
        opens.open();
        output
    });
    done.pass().await;
    thread.join().expect("it does not panic")
}

fn demand_foreign_wakes<R: Runtime>() {
    if let Some(reason) = R::BELONGS_TO_ITS_THREAD {
        unavailable(reason);
    }
}
