//! Does one thing so many times on a current-thread runtime, for a tool that counts instructions; see
//! `ci/instruction-counts`, which runs it with two numbers of times and takes the difference.
//!
//!     bench-instructions SCENARIO TIMES [hooks]
//!
//! With `hooks` it prints how many hooks of the recorder that passes (`ci/hook-cost`).

mod hooks;
mod operations;

use std::cell::{Cell, RefCell};
use std::env;
use std::future::poll_fn;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use operations::{echoes, spawn_batch, spawn_join, timeouts, yields};
use reveille::runtime::{Builder, Runtime};
use reveille::task::spawn_local;
use reveille::time::sleep;

type Scenario = fn(&Runtime, usize);

const SCENARIOS: [(&str, Scenario); 7] = [
    ("spawn-join", |runtime, times| runtime.block_on(spawn_join(times))),
    ("spawn-batch", |runtime, times| {
        runtime.block_on(spawn_batch(times))
    }),
    ("yield", |runtime, times| {
        runtime
            .block_on(runtime.spawn(yields(times)))
            .expect("it does not panic")
    }),
    ("wake", wakes),
    ("timeout", |runtime, times| runtime.block_on(timeouts(times))),
    ("sleep", sleeps),
    ("echo", |runtime, times| runtime.block_on(echoes(times))),
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
    let counts_hooks = arguments.next().as_deref() == Some("hooks");
    if counts_hooks {
        hooks::begin();
    }
    let runtime = Builder::current_thread()
        // Under a tool every poll seems slow, so that the clock would be read after each.
        .slow_poll_threshold(Duration::from_secs(3600))
        .build()
        .expect("the system has descriptors");
    scenario(&runtime, times);
    // What was left undone is cancelled, which passes hooks too.
    drop(runtime);
    if counts_hooks {
        println!("{}", hooks::count());
    }
    ExitCode::SUCCESS
}

/// Two tasks that wake each other by turns.
fn wakes(runtime: &Runtime, times: usize) {
    runtime.block_on(async move {
        let turn = Rc::new(Cell::new(0));
        let asleep: Rc<[RefCell<Option<Waker>>; 2]> = Rc::default();
        let players = [0, 1].map(|me| {
            let (turn, asleep) = (turn.clone(), asleep.clone());
            spawn_local(poll_fn(move |cx| {
                if turn.get() % 2 == me {
                    turn.set(turn.get() + 1);
                    if let Some(other) = asleep[1 - me].take() {
                        other.wake();
                    }
                }
                if turn.get() >= times {
                    return Poll::Ready(());
                }
                *asleep[me].borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }))
        });
        for player in players {
            player.await.expect("it does not panic");
        }
    });
}

/// Sleeps of ever other lengths, on a clock that stands and is moved from one to the next.
fn sleeps(runtime: &Runtime, times: usize) {
    runtime.block_on(async {
        reveille::time::pause();
        for round in 0..times {
            sleep(Duration::from_millis(
                1 + (round as u64).wrapping_mul(2_654_435_761) % 5_000,
            ))
            .await;
        }
    });
}
