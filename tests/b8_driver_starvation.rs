//! B8: there is always something to run, and still a sleep, an accept and a wake from another thread are seen within
//! a bounded number of polls, counted from the moment at which they were there to be seen.

mod race;
mod watchdog;

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use race::{ALL, Race};
use reveille::runtime::{Builder, Runtime};
use watchdog::Watchdog;

fn runtime() -> Runtime {
    Builder::current_thread().build().unwrap()
}

/// Runs `busy` beside each starved task, in `block_on`.
fn beside<F: Future<Output = ()>>(busy: impl Fn(Arc<Race>) -> F) {
    let _watchdog = Watchdog::new("a busy runtime with one other task", Duration::from_secs(60));
    for starved in ALL {
        let race = Race::new(1, false);
        let runtime = runtime();
        let task = runtime.spawn(starved(race.clone()));
        runtime.block_on(async {
            busy(race).await;
            task.await.unwrap();
        });
    }
}

#[test]
fn a_root_that_wakes_itself_starves_nobody() {
    beside(|race| {
        poll_fn(move |cx| {
            if race.poll() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
    });
}

#[test]
fn a_task_that_yields_forever_starves_nobody() {
    beside(|race| async move {
        let yields = reveille::spawn(async move {
            while race.poll() {
                reveille::task::yield_now().await;
            }
        });
        yields.await.unwrap();
    });
}

#[test]
fn two_tasks_that_wake_each_other_starve_nobody() {
    /// Whose turn it is, and who waits for it.
    #[derive(Default)]
    struct Table {
        turn: usize,
        waiting: [Option<Waker>; 2],
    }

    beside(|race| async move {
        let table: Arc<Mutex<Table>> = Arc::default();
        let players = [0, 1].map(|me| {
            let (race, table) = (race.clone(), table.clone());
            reveille::spawn(poll_fn(move |cx| {
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
        for player in players {
            player.await.unwrap();
        }
    });
}

#[test]
fn a_runtime_driven_by_short_block_ons_gets_to_its_tasks() {
    let _watchdog = Watchdog::new("bursts of block_on", Duration::from_secs(60));
    for starved in ALL {
        let race = Race::new(1, false);
        let runtime = runtime();
        let task = runtime.spawn(starved(race.clone()));
        while race.poll() {
            runtime.block_on(async {});
        }
        runtime.block_on(task).unwrap();
    }
}
