//! Does one thing so many times on a current-thread runtime, for a tool that counts instructions; see
//! `ci/instruction-counts`, which runs it with two numbers of times and takes the difference.
//!
//!     bench-instructions SCENARIO TIMES

use std::cell::{Cell, RefCell};
use std::env;
use std::future::poll_fn;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Runtime};
use reveille::task::{spawn_local, yield_now};
use reveille::time::{sleep, timeout};

type Scenario = fn(&Runtime, usize);

const SCENARIOS: [(&str, Scenario); 7] = [
    ("spawn-join", spawn_join),
    ("spawn-batch", spawn_batch),
    ("yield", yields),
    ("wake", wakes),
    ("timeout", timeouts),
    ("sleep", sleeps),
    ("echo", echoes),
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
    let runtime = Builder::current_thread()
        // Under a tool every poll seems slow, so that the clock would be read after each.
        .slow_poll_threshold(Duration::from_secs(3600))
        .build()
        .expect("the system has descriptors");
    scenario(&runtime, times);
    ExitCode::SUCCESS
}

/// A task at a time, each awaited.
fn spawn_join(runtime: &Runtime, times: usize) {
    runtime.block_on(async {
        for _ in 0..times {
            reveille::spawn(async {}).await.expect("it does not panic");
        }
    });
}

/// A hundred tasks at a time that nobody awaits.
fn spawn_batch(runtime: &Runtime, times: usize) {
    runtime.block_on(async {
        for _ in 0..times / 100 {
            for _ in 0..100 {
                drop(reveille::spawn(async {}));
            }
            yield_now().await;
        }
    });
}

/// One task that always wakes itself.
fn yields(runtime: &Runtime, times: usize) {
    let task = runtime.spawn(async move {
        for _ in 0..times {
            yield_now().await;
        }
    });
    runtime.block_on(task).expect("it does not panic");
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

/// A timeout that does not fire, around something that waits once.
fn timeouts(runtime: &Runtime, times: usize) {
    runtime.block_on(async {
        for _ in 0..times {
            timeout(Duration::from_secs(60), yield_now())
                .await
                .expect("it is quick");
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

/// Sixty-four bytes to a task that sends them back.
fn echoes(runtime: &Runtime, times: usize) {
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is loopback");
        let address = listener.local_addr().expect("it is bound");
        drop(reveille::spawn(async move {
            let (stream, _) = listener.accept().await.expect("somebody connects");
            let mut message = [0; 64];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await.expect("somebody reads");
            }
        }));
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        stream.set_nodelay(true).expect("it is TCP");
        let mut message = [1; 64];
        for _ in 0..times {
            stream.write_all(&message).await.expect("somebody reads");
            stream.read_exact(&mut message).await.expect("somebody answers");
        }
    });
}
