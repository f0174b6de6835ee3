//! Spawning, waking and yielding.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use crate::gate::Gate;
use crate::measure::{Figures, Stopwatch};
use crate::settings::{repeats, size};
use crate::{Runtime, block_on};

/// One task after the other: spawned, run and joined by the future in `block_on` before the next. Per task.
pub(crate) fn spawn_join<R: Runtime>() -> Figures {
    let count = repeats(1_000_000);
    block_on::<R, _>(async {
        spawn_and_join::<R>(count / 10).await;
        let stopwatch = Stopwatch::start();
        spawn_and_join::<R>(count).await;
        stopwatch.per_operation(count)
    })
}

/// The same from a task, which is woken like any other. Per task.
pub(crate) fn spawn_join_in_task<R: Runtime>() -> Figures {
    in_tasks::<R, _>(1, repeats(1_500_000), spawn_and_join::<R>)
}

async fn spawn_and_join<R: Runtime>(count: u64) {
    for number in 0..count {
        let output = R::spawn(async move { number }).await;
        assert_eq!(output.expect("it does not panic"), number);
    }
}

/// A thousand tasks spawned, then all joined, by the future in `block_on`. Per task.
pub(crate) fn spawn_many_join<R: Runtime>() -> Figures {
    let batches = repeats(1_500);
    block_on::<R, _>(async {
        spawn_and_join_batches::<R>(batches / 10).await;
        let stopwatch = Stopwatch::start();
        spawn_and_join_batches::<R>(batches).await;
        stopwatch.per_operation(batches * 1_000)
    })
}

/// The same from a task. Per task.
pub(crate) fn spawn_many_join_in_task<R: Runtime>() -> Figures {
    in_tasks::<R, _>(1, repeats(1_500) * 1_000, |count| {
        spawn_and_join_batches::<R>(count / 1_000)
    })
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

/// A million tasks spawned and let go by a task, until the last has run. Per task.
pub(crate) fn spawn_detached<R: Runtime>() -> Figures {
    async fn spawned<R: Runtime>(count: u64) {
        let (left, all_ran) = (Arc::new(AtomicU64::new(count)), Arc::new(Gate::default()));
        let opens = all_ran.clone();
        let spawner = R::spawn(async move {
            for _ in 0..count {
                let (left, opens) = (left.clone(), opens.clone());
                R::detach(R::spawn(async move {
                    if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        opens.open();
                    }
                }));
            }
        });
        spawner.await.expect("it does not panic");
        all_ran.pass().await;
    }
    let count = size(1_000_000);
    block_on::<R, _>(async {
        spawned::<R>(count / 100).await;
        let stopwatch = Stopwatch::start();
        spawned::<R>(count).await;
        stopwatch.per_operation(count)
    })
}

/// Ten thousand tasks spawned into the runtime's own set, and taken out. Per task.
pub(crate) fn join_set<R: Runtime>() -> Figures {
    const TASKS: u64 = 10_000;
    async fn sets<R: Runtime>(count: u64) {
        for _ in 0..count {
            assert_eq!(R::join_set(TASKS).await, TASKS * (TASKS - 1) / 2);
        }
    }
    let count = repeats(100);
    let in_sets = |tasks| sets::<R>(tasks / TASKS);
    in_tasks::<R, _>(1, count * TASKS, in_sets)
}

/// Tasks that wake themselves and return pending. Per wake and poll.
pub(crate) fn self_wake<R: Runtime>(tasks: u64) -> Figures {
    in_tasks::<R, _>(tasks, repeats(6_000_000).max(tasks * 10), |each| async move {
        for _ in 0..each {
            wake_itself_once().await;
        }
    })
}

/// Tasks that call the runtime's own `yield_now`. Per yield.
pub(crate) fn yield_now<R: Runtime>(tasks: u64) -> Figures {
    in_tasks::<R, _>(tasks, repeats(2_000_000).max(tasks * 10), |each| async move {
        for _ in 0..each {
            R::yield_now().await;
        }
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
