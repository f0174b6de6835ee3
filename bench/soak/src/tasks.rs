//! Actors that are tasks.

use std::cell::Cell;
use std::future::pending;
use std::hint::black_box;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use reveille::runtime::Handle;
use reveille::task::{self, JoinHandle, yield_now};
use reveille::time::{Instant, sleep, timeout};

use crate::actor::{Actor, Cast};
use crate::gate::Gate;
use crate::random::Random;

pub(crate) fn start(cast: &Arc<Cast>) {
    for name in ["spawner 1", "spawner 2"] {
        run(cast, name, spawn_and_join);
    }
    run(cast, "aborter", abort);
    run(cast, "tree", grow);
    run(cast, "timers", timers);
    run(cast, "ping-pong", ping_pong);
    let (handle, workers) = (cast.handle.clone(), cast.workers);
    run(cast, "pinned", move |actor, random| {
        pin_to_a_worker(handle.clone(), workers, actor, random)
    });
    for name in ["block_in_place 1", "block_in_place 2"] {
        run(cast, name, block_in_place);
    }
    run(cast, "spawn_blocking", blocking_jobs);
    run(cast, "blocks its worker", block_a_worker);
}

/// Starts an actor whose round is `round`.
pub(crate) fn run<F>(
    cast: &Arc<Cast>,
    name: &'static str,
    round: impl Fn(Arc<Actor>, Random) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    let (actor, mut random) = cast.actor(name);
    let all = cast.clone();
    drop(cast.handle.spawn(async move {
        while all.goes_on() {
            round(actor.clone(), random.split()).await;
            actor.round();
        }
        actor.leave();
    }));
}

async fn spawn_and_join(actor: Arc<Actor>, mut random: Random) {
    actor.step("joins a batch");
    // Now and then more than fit into a worker's queue.
    let count = if random.below(10) == 0 {
        1_000
    } else {
        random.below(50)
    };
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let yields = random.below(4);
            reveille::spawn(async move {
                for _ in 0..yields {
                    yield_now().await;
                }
                number
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        if random.below(20) == 0 {
            drop(task);
        } else {
            assert_eq!(task.await.expect("it is not aborted"), number);
        }
    }
}

/// Tasks in every state are aborted; joined, they are cancelled, or were faster.
async fn abort(actor: Arc<Actor>, mut random: Random) {
    actor.step("aborts");
    let tasks: Vec<JoinHandle<()>> = (0..random.below(30))
        .map(|_| match random.below(4) {
            0 => reveille::spawn(pending()),
            1 => reveille::spawn(sleep(random.microseconds(3_000))),
            2 => reveille::spawn(async {
                loop {
                    yield_now().await;
                }
            }),
            _ => reveille::spawn(async {}),
        })
        .collect();
    if random.below(2) == 0 {
        sleep(random.microseconds(2_000)).await;
    }
    for task in &tasks {
        task.abort();
    }
    actor.step("joins what it aborted");
    for task in tasks {
        if let Err(error) = task.await {
            assert!(error.is_cancelled(), "{error}");
        }
    }
}

async fn grow(actor: Arc<Actor>, mut random: Random) {
    actor.step("joins a tree");
    let depth = random.below(8) as u32;
    assert_eq!(tree(depth, random.below(20_000)).await, 1 << depth);
}

/// The number of leaves, each of which computes.
fn tree(depth: u32, work: usize) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            for step in 0..work {
                black_box(step);
            }
            return 1;
        }
        let [left, right] = [(); 2].map(|()| reveille::spawn(tree(depth - 1, work)));
        left.await.expect("it is not aborted") + right.await.expect("it is not aborted")
    })
}

async fn timers(actor: Arc<Actor>, mut random: Random) {
    actor.step("sleeps in many tasks");
    let tasks: Vec<_> = (0..random.below(100))
        .map(|_| {
            let (short, long) = (random.microseconds(8_000), random.microseconds(20_000));
            reveille::spawn(async move {
                let start = Instant::now();
                sleep(short).await;
                assert!(start.elapsed() >= short, "a sleep ended early");
                let start = Instant::now();
                if timeout(long, sleep(short)).await.is_err() {
                    assert!(start.elapsed() >= long, "a timeout ended early");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it is not aborted");
    }
}

async fn ping_pong(actor: Arc<Actor>, mut random: Random) {
    actor.step("plays ping-pong");
    let (ping, pong) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let count = random.below(500);
    let (takes, gives) = (ping.clone(), pong.clone());
    let other = reveille::spawn(async move {
        for _ in 0..count {
            gives.give(takes.take().await + 1);
        }
    });
    for number in 0..count {
        ping.give(number);
        assert_eq!(pong.take().await, number + 1);
    }
    other.await.expect("it is not aborted");
}

/// Tasks that stay on one worker, woken from any.
async fn pin_to_a_worker(handle: Handle, workers: usize, actor: Arc<Actor>, mut random: Random) {
    actor.step("waits for tasks on one worker");
    let (gate, number) = (Arc::new(Gate::new()), random.next());
    let takes = gate.clone();
    let pinned = handle.spawn_on(random.below(workers), || async move {
        let received = Rc::new(Cell::new(0));
        let writes = received.clone();
        let local = task::spawn_local(async move {
            writes.set(takes.take().await);
        });
        yield_now().await;
        local.await.expect("it is not aborted");
        received.get()
    });
    if random.below(2) == 0 {
        yield_now().await;
    }
    gate.give(number);
    assert_eq!(pinned.await.expect("it is not aborted"), number);
}

async fn block_in_place(actor: Arc<Actor>, mut random: Random) {
    let number = random.next();
    let behind = reveille::spawn(async move { number });
    let time = random.microseconds(3_000);
    actor.step("blocks in place");
    let answer = task::block_in_place(|| {
        thread::sleep(time);
        Handle::current().block_on(async {
            sleep(time / 2).await;
            behind.await
        })
    });
    assert_eq!(answer.expect("it is not aborted"), number);
    actor.step("sleeps");
    sleep(random.microseconds(2_000)).await;
}

async fn blocking_jobs(actor: Arc<Actor>, mut random: Random) {
    actor.step("waits for blocking jobs");
    let jobs: Vec<_> = (0..random.below(10))
        .map(|number| {
            let time = random.microseconds(3_000);
            task::spawn_blocking(move || {
                thread::sleep(time);
                let task = reveille::spawn(async move { number });
                Handle::current().block_on(task).expect("it is not aborted")
            })
        })
        .collect();
    for (number, job) in jobs.into_iter().enumerate() {
        if random.below(5) == 0 {
            job.abort();
            drop(job);
        } else {
            assert_eq!(job.await.expect("it is not aborted"), number);
        }
    }
}

async fn block_a_worker(actor: Arc<Actor>, mut random: Random) {
    actor.step("spawns, and blocks its worker");
    let number = random.next();
    let behind = reveille::spawn(async move { number });
    thread::sleep(random.microseconds(15_000));
    actor.step("waits for what was behind it");
    assert_eq!(behind.await.expect("it is not aborted"), number);
    sleep(random.microseconds(30_000)).await;
}
