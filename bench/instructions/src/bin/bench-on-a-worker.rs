//! Does one thing so many times on the one worker of a multi-thread runtime, for a tool that counts read-modify-writes; see
//! `ci/read-modify-writes`. Nothing here makes one itself.
//!
//!     bench-on-a-worker SCENARIO TIMES

#[path = "../operations.rs"]
mod operations;

use std::cell::{Cell, RefCell};
use std::env;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Poll, Waker};
use std::time::Duration;

use operations::{echoes, spawn_batch, spawn_join, timeouts, yields};
use reveille::runtime::Builder;

type Scenario = fn(usize) -> Pin<Box<dyn Future<Output = ()> + Send>>;

const SCENARIOS: [(&str, Scenario); 7] = [
    ("spawn-join", |times| Box::pin(spawn_join(times))),
    ("spawn-batch", |times| Box::pin(spawn_batch(times))),
    ("yield", |times| Box::pin(yields(times))),
    ("yield-among-many", |times| Box::pin(yields_among_many(times))),
    ("wake", |times| Box::pin(wakes(times))),
    ("timeout", |times| Box::pin(timeouts(times))),
    ("echo", |times| Box::pin(echoes(times))),
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let scenario = SCENARIOS.iter().find(|scenario| scenario.0 == name);
    let times = arguments.next().and_then(|times| times.parse().ok());
    let (Some((_, scenario)), Some(times)) = (scenario, times) else {
        SCENARIOS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::FAILURE;
    };
    let runtime = Builder::multi_thread()
        .worker_threads(1)
        .slow_poll_threshold(Duration::from_secs(3600))
        .build()
        .expect("the system has threads and descriptors");
    let task = runtime.spawn(scenario(times));
    runtime.block_on(task).expect("it does not panic");
    ExitCode::SUCCESS
}

/// A hundred of them.
async fn yields_among_many(times: usize) {
    let tasks: Vec<_> = (0..100).map(|_| reveille::spawn(yields(times / 100))).collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

thread_local! {
    /// Whose turn it is, of two tasks that wake each other, and who of them sleeps.
    static TURN: Cell<usize> = const { Cell::new(0) };
    static ASLEEP: [RefCell<Option<Waker>>; 2] = const { [RefCell::new(None), RefCell::new(None)] };
}

/// Two tasks that wake each other by turns.
async fn wakes(times: usize) {
    let players = [0, 1].map(|me| {
        reveille::spawn(poll_fn(move |cx| {
            if TURN.get() % 2 == me {
                TURN.set(TURN.get() + 1);
                if let Some(other) = ASLEEP.with(|asleep| asleep[1 - me].take()) {
                    other.wake();
                }
            }
            if TURN.get() >= times {
                return Poll::Ready(());
            }
            ASLEEP.with(|asleep| *asleep[me].borrow_mut() = Some(cx.waker().clone()));
            Poll::Pending
        }))
    });
    for player in players {
        player.await.expect("it does not panic");
    }
}
