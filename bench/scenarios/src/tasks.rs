//! Spawning, waking and yielding.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;

use crate::gate::Gate;
use crate::measure::{Figures, Stopwatch};
use crate::{Runtime, block_on};

/// One task after the other: spawned, run and joined by the future in `block_on` before the next. Per task.
pub(crate) fn spawn_join<R: Runtime>() -> Figures {
    const COUNT: u64 = 1_000_000;
    block_on::<R, _>(async {
        spawn_and_join::<R>(COUNT / 10).await;
        let stopwatch = Stopwatch::start();
        spawn_and_join::<R>(COUNT).await;
        stopwatch.per_operation(COUNT)
    })
}

/// The same from a task, which is woken like any other. Per task.
pub(crate) fn spawn_join_in_task<R: Runtime>() -> Figures {
    in_tasks::<R, _>(1, 1_500_000, spawn_and_join::<R>)
}

async fn spawn_and_join<R: Runtime>(count: u64) {
    for number in 0..count {
        let output = R::spawn(async move { number }).await;
        assert_eq!(output.expect("it does not panic"), number);
    }
}

/// A thousand tasks spawned, then all joined, by the future in `block_on`. Per task.
pub(crate) fn spawn_many_join<R: Runtime>() -> Figures {
    const BATCHES: u64 = 1_500;
    block_on::<R, _>(async {
        spawn_and_join_batches::<R>(BATCHES / 10).await;
        let stopwatch = Stopwatch::start();
        spawn_and_join_batches::<R>(BATCHES).await;
        stopwatch.per_operation(BATCHES * 1_000)
    })
}

/// The same from a task. Per task.
pub(crate) fn spawn_many_join_in_task<R: Runtime>() -> Figures {
    in_tasks::<R, _>(1, 1_500_000, |count| spawn_and_join_batches::<R>(count / 1_000))
}

async fn spawn_and_join_batches<R: Runtime>(batches: u64) {
    let mut handles = Vec::with_capacity(1_000);
    for _ in 0..batches {
        handles.extend((0..1_000_u64).map(|number| R::spawn(async move { number })));
        for handle in handles.drain(..) {
            handle.await.expect("it does not panic");
        }
    }
}

/// A thousand tasks at a time, spawned by a thread that is not the runtime's, the next thousand when these have run. Per
/// task.
pub(crate) fn foreign_spawn<R: Runtime>() -> Figures {
    const BATCHES: u64 = 1_000;
    async fn batches<R: Runtime>(count: u64) {
        let handle = R::handle();
        let all_done = Arc::new(Gate::default());
        let opens = all_done.clone();
        let thread = std::thread::spawn(move || {
            for _ in 0..count {
                let left = Arc::new(AtomicU64::new(1_000));
                let (sender, receiver) = mpsc::channel();
                for _ in 0..1_000 {
                    let (left, sender) = (left.clone(), sender.clone());
                    drop(R::spawn_with(&handle, async move {
                        if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                            sender.send(()).expect("the thread waits for it");
                        }
                    }));
                }
                receiver.recv().expect("the last task sends");
            }
            opens.open();
        });
        all_done.pass().await;
        thread.join().expect("it does not panic");
    }
    block_on::<R, _>(async {
        batches::<R>(BATCHES / 10).await;
        let stopwatch = Stopwatch::start();
        batches::<R>(BATCHES).await;
        stopwatch.per_operation(BATCHES * 1_000)
    })
}

/// Tasks that wake themselves and return pending. Per wake and poll.
pub(crate) fn self_wake<R: Runtime>(tasks: u64) -> Figures {
    const COUNT: u64 = 6_000_000;
    in_tasks::<R, _>(tasks, COUNT, |each| async move {
        for _ in 0..each {
            wake_itself_once().await;
        }
    })
}

/// Tasks that call the runtime's own `yield_now`. Per yield.
pub(crate) fn yield_now<R: Runtime>(tasks: u64) -> Figures {
    const COUNT: u64 = 2_000_000;
    in_tasks::<R, _>(tasks, COUNT, |each| async move {
        for _ in 0..each {
            R::yield_now().await;
        }
    })
}

/// Two tasks that wake each other in turns. Per round of two wakes.
pub(crate) fn ping_pong<R: Runtime>() -> Figures {
    async fn rounds<R: Runtime>(count: u64) {
        let ping = Arc::new(Gate::default());
        let pong = Arc::new(Gate::default());
        let other = {
            let (ping, pong) = (ping.clone(), pong.clone());
            R::spawn(async move {
                for _ in 0..count {
                    ping.pass().await;
                    pong.open();
                }
            })
        };
        let one = R::spawn(async move {
            for _ in 0..count {
                ping.open();
                pong.pass().await;
            }
        });
        one.await.expect("it does not panic");
        other.await.expect("it does not panic");
    }
    const COUNT: u64 = 2_000_000;
    block_on::<R, _>(async {
        rounds::<R>(COUNT / 10).await;
        let stopwatch = Stopwatch::start();
        rounds::<R>(COUNT).await;
        stopwatch.per_operation(COUNT)
    })
}

/// Pending once, having woken its task: what `yield_now` is where a runtime has none.
pub(crate) async fn wake_itself_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Shares `count` operations out to so many tasks, and waits for all.
pub(crate) fn in_tasks<R: Runtime, F>(tasks: u64, count: u64, body: impl Fn(u64) -> F) -> Figures
where
    F: Future<Output = ()> + Send + 'static,
{
    let round = async |count: u64| {
        let handles: Vec<_> = (0..tasks).map(|_| R::spawn(body(count / tasks))).collect();
        for handle in handles {
            handle.await.expect("it does not panic");
        }
    };
    block_on::<R, _>(async {
        round(count / 10).await;
        let stopwatch = Stopwatch::start();
        round(count).await;
        stopwatch.per_operation(count / tasks * tasks)
    })
}
