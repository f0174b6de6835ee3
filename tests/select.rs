//! `select!`: what tokio's does, and what only ours does.

mod watchdog;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future;
use std::mem::size_of_val;
use std::rc::Rc;
use std::time::Duration;

use reveille::task::{consume_budget, spawn_local, unconstrained, yield_now};
use reveille::{block_on, select};
use watchdog::Watchdog;

#[path = "as_tokio/select.rs"]
mod select_as_tokio;

/// What a task may do in one poll, as in tokio.
const BUDGET: usize = 128;

#[test]
fn patterns_may_take_references_apart() {
    block_on(async {
        let text = String::from("text");
        let number = select! { Some(&number) = future::ready(Some(&1)) => number };
        let pair = (text, 3);
        let length = select! { &(ref text, n @ 1..=9) = future::ready(&pair) => text.len() + n };
        assert_eq!((number, length), (1, 7));
    });
}

#[test]
fn a_branch_may_have_no_end() {
    // tokio's warns of a pattern that matches nothing.
    async fn serves() -> Infallible {
        loop {
            yield_now().await;
        }
    }
    block_on(async {
        let ended = select! {
            never = serves() => match never {},
            () = async { yield_now().await } => "ended",
        };
        assert_eq!(ended, "ended");
        select! {
            () = async { yield_now().await } => (),
            _ = async { loop { yield_now().await } } => (),
        }
    });
}

/// Runs `turns` in a task beside one that ends them: how many there were when that had its turn.
fn turns_until_another_task_runs(turns: impl AsyncFn(&Cell<usize>, &Cell<bool>) + 'static) -> usize {
    let _watchdog = Watchdog::new("a loop that does not give way", Duration::from_secs(60));
    block_on(async {
        let shared = Rc::new((Cell::new(0), Cell::new(false)));
        let (counted, ended) = (shared.clone(), shared);
        let turning = spawn_local(async move { turns(&counted.0, &counted.1).await });
        let other = spawn_local(async move {
            ended.1.set(true);
            ended.0.get()
        });
        turning.await.unwrap();
        other.await.unwrap()
    })
}

#[test]
fn a_loop_around_what_is_always_ready_gives_way() {
    let turns = turns_until_another_task_runs(async |turns, ended| {
        while !ended.get() {
            select! {
                () = future::ready(()) => turns.set(turns.get() + 1),
                () = future::pending() => unreachable!(),
            }
        }
    });
    assert_eq!(turns, BUDGET);
}

#[test]
fn a_branch_that_counts_itself_is_not_counted_twice() {
    let turns = turns_until_another_task_runs(async |turns, ended| {
        while !ended.get() {
            select! { () = consume_budget() => turns.set(turns.get() + 1) }
        }
    });
    assert_eq!(turns, BUDGET);
}

#[test]
fn without_budget_no_branch_is_polled() {
    let turns = turns_until_another_task_runs(async |turns, ended| {
        while !ended.get() {
            select! {
                biased;
                () = consume_budget() => turns.set(turns.get() + 1),
                // The first one is not ready, since the budget is used up: this one must not go on in its place.
                () = future::ready(()) => assert!(ended.get(), "polled after {} turns", turns.get()),
            }
        }
    });
    assert_eq!(turns, BUDGET);
}

#[test]
fn unconstrained_it_does_not_give_way() {
    let turns = turns_until_another_task_runs(async |turns, _| {
        let all = async {
            for _ in 0..3 * BUDGET {
                select! { () = future::ready(()) => turns.set(turns.get() + 1) }
            }
        };
        unconstrained(all).await;
        yield_now().await;
    });
    assert_eq!(turns, 3 * BUDGET);
}

#[test]
fn the_seed_of_the_thread_decides_who_is_first() {
    let chosen = || {
        fastrand::seed(7);
        block_on(async {
            let mut chosen = Vec::new();
            for _ in 0..100 {
                chosen.push(select! {
                    n = future::ready(0) => n,
                    n = future::ready(1) => n,
                    n = future::ready(2) => n,
                });
            }
            chosen
        })
    };
    assert_eq!(chosen(), chosen());
}

#[test]
fn the_futures_are_dropped_from_the_last_to_the_first() {
    struct Noted<'a>(&'a RefCell<Vec<u8>>, u8);
    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }
    let order = RefCell::new(Vec::new());
    let waits = async |number| {
        let _noted = Noted(&order, number);
        future::pending::<()>().await;
    };
    block_on(async {
        select! {
            biased;
            () = waits(1) => (),
            () = waits(2) => (),
            () = waits(3) => (),
            () = future::ready(()) => (),
        }
    });
    assert_eq!(*order.borrow(), [3, 2, 1]);
}

#[test]
fn it_holds_each_future_once() {
    async fn large() -> u8 {
        let bytes = [0_u8; 1000];
        future::pending::<()>().await;
        bytes[0]
    }
    let one = size_of_val(&large());
    let ours = async {
        select! { n = large() => n, n = large() => n, n = large() => n }
    };
    assert!(size_of_val(&ours) < 3 * one + 100, "{}", size_of_val(&ours));
}
