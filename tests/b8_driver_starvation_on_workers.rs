//! B8 on workers: there is always something to run, and still a sleep, an accept and a wake from another thread are
//! seen.
//!
//! On one worker within a bounded number of polls, counted from the moment at which they were there to be seen. On
//! several, how many polls one of them makes meanwhile is up to the system, which may run the others late; there it
//! is order that counts: they are seen while every worker still has something to run.

mod race;
mod watchdog;

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use race::{ALL, Race};
use reveille::runtime::{Builder, Runtime};
use reveille::task::{JoinHandle, yield_now};
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    Builder::multi_thread().worker_threads(workers).build().unwrap()
}

/// Runs what `busy` spawns, as much of it as keeps every worker busy, beside each starved task.
fn beside(what: &'static str, busy: impl Fn(&Runtime, &Arc<Race>) -> Vec<JoinHandle<()>>) {
    let _watchdog = Watchdog::new(what, LIMIT);
    for workers in [1, 2, 4] {
        for starved in ALL {
            let runtime = runtime(workers);
            let race = Race::new(workers, true);
            let busy: Vec<_> = (0..workers * 2).flat_map(|_| busy(&runtime, &race)).collect();
            let task = runtime.spawn(starved(race));
            for busy in busy {
                runtime.block_on(busy).unwrap();
            }
            runtime.block_on(task).unwrap();
        }
    }
}

#[test]
fn tasks_that_wake_themselves_starve_nobody() {
    beside("tasks that wake themselves", |runtime, race| {
        let race = race.clone();
        vec![runtime.spawn(poll_fn(move |cx| {
            if race.poll() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }))]
    });
}

#[test]
fn tasks_that_yield_for_ever_starve_nobody() {
    beside("tasks that yield for ever", |runtime, race| {
        let race = race.clone();
        vec![runtime.spawn(async move {
            while race.poll() {
                yield_now().await;
            }
        })]
    });
}

#[test]
fn local_tasks_that_yield_for_ever_starve_nobody() {
    beside("local tasks that yield for ever", |runtime, race| {
        let race = race.clone();
        vec![runtime.handle().spawn_on(0, move || async move {
            while race.poll() {
                yield_now().await;
            }
        })]
    });
}

#[test]
fn tasks_that_spawn_the_next_starve_nobody() {
    fn chain(race: Arc<Race>, over: tokenless::Sender) {
        match race.poll() {
            true => drop(reveille::spawn(async move { chain(race, over) })),
            false => drop(over),
        }
    }

    beside("a chain of tasks", |runtime, race| {
        let (over, wait) = tokenless::channel();
        let race = race.clone();
        drop(runtime.spawn(async move { chain(race, over) }));
        vec![runtime.spawn(wait)]
    });
}

#[test]
fn pairs_that_wake_each_other_starve_nobody() {
    /// Whose turn it is, and who waits for it.
    #[derive(Default)]
    struct Table {
        turn: usize,
        waiting: [Option<Waker>; 2],
    }

    beside("pairs that wake each other", |runtime, race| {
        let table: Arc<Mutex<Table>> = Arc::default();
        let players = [0, 1].map(|me| {
            let (race, table) = (race.clone(), table.clone());
            runtime.spawn(poll_fn(move |cx| {
                let over = !race.poll();
                let mut table = table.lock().unwrap();
                if table.turn != me && !over {
                    table.waiting[me] = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                table.turn = 1 - me;
                table.waiting[me] = Some(cx.waker().clone());
                let other = table.waiting[1 - me].take();
                drop(table);
                if let Some(other) = other {
                    other.wake();
                }
                if over { Poll::Ready(()) } else { Poll::Pending }
            }))
        });
        players.into()
    });
}

/// Before it parks, each worker is given something to run, so that it never finds itself idle.
#[test]
fn a_hook_that_wakes_a_task_before_each_park_starves_nobody() {
    let _watchdog = Watchdog::new("a hook that wakes a task before each park", LIMIT);
    for workers in [1, 2, 4] {
        for starved in ALL {
            let race = Race::new(workers, true);
            let busy: Arc<Mutex<Option<Waker>>> = Arc::default();
            let wakes = busy.clone();
            let runtime = Builder::multi_thread()
                .worker_threads(workers)
                .on_thread_park(move || {
                    let waker = wakes.lock().unwrap().take();
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                })
                .build()
                .unwrap();
            let (theirs, to_wake) = (race.clone(), busy.clone());
            let woken = runtime.spawn(poll_fn(move |cx| {
                *to_wake.lock().unwrap() = Some(cx.waker().clone());
                if theirs.poll() {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            }));
            runtime.block_on(runtime.spawn(starved(race))).unwrap();
            // Whether it was woken once more is up to the next park.
            woken.abort();
            let _ = runtime.block_on(woken);
            // The hook belongs to the runtime, and a waker left with the hook would keep the runtime.
            drop(busy.lock().unwrap().take());
        }
    }
}

/// The `block_on`s of a foreign thread are short, and the workers drive anyway.
#[test]
fn short_block_ons_starve_nobody() {
    let _watchdog = Watchdog::new("bursts of block_on", LIMIT);
    for workers in [1, 2] {
        for starved in ALL {
            let race = Race::new(2, true);
            let runtime = runtime(workers);
            let task = runtime.spawn(starved(race.clone()));
            while race.poll() {
                runtime.block_on(async {});
            }
            runtime.block_on(task).unwrap();
        }
    }
}

/// A future that ends when its sender is dropped.
mod tokenless {
    use std::future::Future;
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Waker};

    #[derive(Default)]
    struct State {
        is_over: bool,
        waker: Option<Waker>,
    }

    pub(super) struct Sender(Arc<Mutex<State>>);

    impl Drop for Sender {
        fn drop(&mut self) {
            let mut state = self.0.lock().unwrap();
            state.is_over = true;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    pub(super) fn channel() -> (Sender, impl Future<Output = ()> + Send) {
        let state = Arc::<Mutex<State>>::default();
        let sender = Sender(state.clone());
        let wait = std::future::poll_fn(move |cx| {
            let mut state = state.lock().unwrap();
            if state.is_over {
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        (sender, wait)
    }
}
