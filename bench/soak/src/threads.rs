//! Actors that are threads of no runtime.

use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reveille::runtime::Builder;
use reveille::task::{spawn_local, yield_now};
use reveille::time::sleep;

use crate::actor::{Actor, Cast};
use crate::gate::Gate;
use crate::random::Random;

pub(crate) fn start(cast: &Arc<Cast>) {
    for name in ["foreign wakes 1", "foreign wakes 2"] {
        run(cast, name, wake_from_here);
    }
    for name in ["block_on 1", "block_on 2"] {
        run(cast, name, block_on);
    }
    run(cast, "short runtimes", short_runtime);
}

fn run(cast: &Arc<Cast>, name: &'static str, round: fn(&Cast, &Actor, &mut Random)) {
    let (actor, mut random) = cast.actor(name);
    let cast = cast.clone();
    // The main thread waits for it by the actor.
    drop(thread::spawn(move || {
        while cast.goes_on() {
            round(&cast, &actor, &mut random);
            actor.round();
        }
        actor.leave();
    }));
}

/// Tasks wait for what this thread gives them.
fn wake_from_here(cast: &Cast, actor: &Actor, random: &mut Random) {
    actor.step("spawns tasks and wakes them");
    let gates: Vec<_> = (0..random.below(20)).map(|_| Arc::new(Gate::new())).collect();
    let tasks: Vec<_> = gates
        .iter()
        .map(|gate| {
            let gate = gate.clone();
            cast.handle.spawn(async move { gate.take().await })
        })
        .collect();
    if random.below(3) == 0 {
        // All workers may sleep by now.
        thread::sleep(random.microseconds(2_000));
    }
    for (number, gate) in gates.iter().enumerate() {
        gate.give(number);
    }
    actor.step("joins them");
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(cast.handle.block_on(task).expect("it is not aborted"), number);
    }
}

/// A future that is not `Send`, with tasks of this thread and of the runtime, sleeps and a gate.
fn block_on(cast: &Cast, actor: &Actor, random: &mut Random) {
    actor.step("is in block_on");
    let time = random.microseconds(3_000);
    let number = Rc::new(random.next());
    let sum = cast.handle.block_on(async {
        let gate = Arc::new(Gate::new());
        let (gives, here) = (gate.clone(), number.clone());
        let local = spawn_local(async move {
            yield_now().await;
            gate.take().await ^ *here
        });
        // Dropped when this returns, still waiting.
        drop(spawn_local(pending::<()>()));
        let remote = reveille::spawn(async move {
            sleep(time).await;
            gives.give(1);
        });
        let sum = local.await.expect("it is not aborted");
        remote.await.expect("it is not aborted");
        sum
    });
    assert_eq!(sum, *number ^ 1);
}

/// A runtime that is ended while it works.
fn short_runtime(_: &Cast, actor: &Actor, random: &mut Random) {
    actor.step("builds a runtime");
    let runtime = Builder::multi_thread()
        .worker_threads(1 + random.below(3))
        .build()
        .expect("enough threads and descriptors");
    for _ in 0..random.below(50) {
        let (time, forever) = (random.microseconds(2_000), random.below(2) == 0);
        drop(runtime.spawn(async move {
            sleep(time).await;
            let inner = reveille::spawn(async move {
                if forever {
                    pending::<()>().await;
                }
            });
            yield_now().await;
            let _ = inner.await;
        }));
    }
    thread::sleep(random.microseconds(3_000));
    actor.step("ends a runtime");
    match random.below(3) {
        0 => drop(runtime),
        1 => assert!(runtime.shutdown(Duration::from_secs(15)).is_complete()),
        _ => runtime.shutdown_background(),
    }
    thread::sleep(random.microseconds(20_000));
}
