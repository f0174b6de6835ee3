//! Work that spreads: one task wakes many, and trees of tasks.

use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::gate::Gate;
use crate::measure::{Figures, Stopwatch};
use crate::settings::repeats;
use crate::{Runtime, block_on};

/// A task opens ten thousand gates, behind each of which another waits, and goes on when all have passed. Per gate.
pub(crate) fn fan_out<R: Runtime>() -> Figures {
    const TASKS: u64 = 10_000;
    let count = repeats(200);
    async fn rounds<R: Runtime>(count: u64) {
        let (all_passed, left) = (Arc::new(Gate::default()), Arc::new(AtomicU64::new(TASKS)));
        let gates: Vec<_> = (0..TASKS).map(|_| Arc::new(Gate::default())).collect();
        let waiters: Vec<_> = gates
            .iter()
            .map(|gate| {
                let (gate, all_passed, left) = (gate.clone(), all_passed.clone(), left.clone());
                R::spawn(async move {
                    for _ in 0..count {
                        gate.pass().await;
                        if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                            all_passed.open();
                        }
                    }
                })
            })
            .collect();
        let opener = R::spawn(async move {
            for _ in 0..count {
                for gate in &gates {
                    gate.open();
                }
                all_passed.pass().await;
                left.store(TASKS, Ordering::Release);
            }
        });
        opener.await.expect("it does not panic");
        for waiter in waiters {
            waiter.await.expect("it does not panic");
        }
    }
    block_on::<R, _>(async {
        rounds::<R>(count / 10).await;
        let stopwatch = Stopwatch::start();
        rounds::<R>(count).await;
        stopwatch.per_operation(count * TASKS)
    })
}

/// A tree of tasks: each spawns two, and waits for both, down to 1024 leaves that return at once. Per task.
pub(crate) fn fork_join<R: Runtime>() -> Figures {
    const DEPTH: u32 = 10;
    let count = repeats(500);
    block_on::<R, _>(async {
        trees::<R>(count / 10, DEPTH, 0).await;
        let stopwatch = Stopwatch::start();
        trees::<R>(count, DEPTH, 0).await;
        stopwatch.per_operation(count * ((2 << DEPTH) - 1))
    })
}

/// A task spawns two that compute for a millisecond each, and waits for both; then the next. Per pair.
pub(crate) fn fork_join_of_a_millisecond<R: Runtime>() -> Figures {
    let pairs = repeats(500);
    let millisecond = per_millisecond();
    block_on::<R, _>(async {
        trees::<R>(pairs / 10, 1, millisecond).await;
        let stopwatch = Stopwatch::start();
        trees::<R>(pairs, 1, millisecond).await;
        stopwatch.per_operation(pairs)
    })
}

/// One task spawns 256, of which every sixteenth computes for a millisecond and the others for a microsecond, and waits for
/// all. Per batch: 16.2 ms of work, which two workers can do in half the time only if they share the long ones.
pub(crate) fn skewed<R: Runtime>() -> Figures {
    async fn batches<R: Runtime>(count: u64, millisecond: u64) {
        let spawner = R::spawn(async move {
            for _ in 0..count {
                let steps = move |number| millisecond / if number % 16 == 0 { 1 } else { 1_000 };
                let tasks: Vec<_> = (0..256)
                    .map(|number| R::spawn(async move { compute(steps(number)) }))
                    .collect();
                for task in tasks {
                    task.await.expect("it does not panic");
                }
            }
        });
        spawner.await.expect("it does not panic");
    }
    let count = repeats(40);
    let millisecond = per_millisecond();
    block_on::<R, _>(async {
        batches::<R>(count / 10, millisecond).await;
        let stopwatch = Stopwatch::start();
        batches::<R>(count, millisecond).await;
        stopwatch.per_operation(count)
    })
}

/// How many steps of [`compute`] take a millisecond on this machine when nothing else runs: the work is a number of
/// steps, so that it takes processor time and not just time.
fn per_millisecond() -> u64 {
    const STEPS: u64 = 1_000_000;
    let time = |_| {
        let start = Instant::now();
        compute(STEPS);
        start.elapsed()
    };
    let fastest = (0..10).map(time).min().expect("there are ten");
    u64::try_from(u128::from(STEPS) * 1_000_000 / fastest.as_nanos()).expect("a small number")
}

/// So many steps that depend on each other.
fn compute(steps: u64) {
    let mut state = steps;
    for _ in 0..steps {
        state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}

async fn trees<R: Runtime>(count: u64, depth: u32, leaf: u64) {
    let planter = R::spawn(async move {
        let mut leaves = 0;
        for _ in 0..count {
            leaves += tree::<R>(depth, leaf).await;
        }
        leaves
    });
    let leaves = planter.await.expect("it does not panic");
    assert_eq!(leaves, count << depth);
}

/// The number of leaves.
fn tree<R: Runtime>(depth: u32, leaf: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            compute(leaf);
            return 1;
        }
        let [left, right] = [(); 2].map(|()| R::spawn(tree::<R>(depth - 1, leaf)));
        left.await.expect("it does not panic") + right.await.expect("it does not panic")
    })
}
