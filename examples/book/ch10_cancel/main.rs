//! To drop a future is to cancel it: what is lost by that, what is lost by not doing it, and tasks that end with the code that
//! spawned them. Chapter 10 of the book.
//!
//! ```console
//! $ cargo run --example ch10_cancel
//! $ cargo run --example ch10_cancel -- --trace trace.html      # the same as the recorder's page; also .json
//! ```

mod channel;
mod join;
mod lock;
mod rows;
mod runtime;
mod scope;
mod select;
#[allow(dead_code, reason = "other chapters have more to tell")]
#[path = "../story.rs"]
mod story;
mod watched;
mod yield_now;

use std::future;
use std::pin::pin;
use std::process::ExitCode;
use std::rc::Rc;

use channel::{Receiver, channel};
use lock::{Guard, Lock};
use rows::{Row, Rows};
use runtime::{block_on, spawn, tasks};
use scope::scope;
use select::{Either, select};
use watched::watched;
use yield_now::yield_now;

fn main() -> ExitCode {
    story::told(all)
}

fn all() {
    println!("dropped at its await:");
    go_on(half_done());

    println!("ten rows, and who receives them asks after every second:");
    println!("  a row in hand");
    go_on(receive(rows::with_a_row_in_hand));
    println!("  room first");
    go_on(receive(rows::with_room_first));
    println!("  the same future again");
    go_on(receive(rows::by_the_same_future));

    println!("three futures want one lock:");
    for (how, program) in [
        ("by reference", Program::ByReference),
        ("by value", Program::ByValue),
        ("as a task", Program::AsATask),
    ] {
        match block_on(want_one_lock(program)) {
            Ok(()) => println!("  {how}: all went on"),
            Err(all_wait) => println!("  {how}: {all_wait}"),
        }
    }

    println!("a scope:");
    go_on(in_a_scope());
    println!("a scope that is dropped:");
    go_on(dropped_scope());
    println!("handles that are dropped:");
    go_on(dropped_handles());
}

// ANCHOR: half_done
async fn half_done() {
    match select(transfer(), yield_now()).await {
        Either::Left(()) => println!("    done"),
        Either::Right(()) => println!("    that is all"),
    }
}

async fn transfer() {
    println!("    taken from one account");
    future::pending::<()>().await;
    println!("    put into the other");
}
// ANCHOR_END: half_done

// ANCHOR: receive
/// Receives all rows that come, and asks after every second how many were read.
async fn receive<F>(forward: fn(rows::Ends) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let (forwards, input) = channel();
    let (ask, asked) = channel();
    let (answers, answered) = channel();
    spawn(
        "forwarder",
        forward(rows::Ends {
            rows: Rows::numbered_to(10),
            out: forwards,
            asked,
            answers,
        }),
    );
    let mut received = Vec::new();
    while let Some(row) = next(&input).await {
        received.push(row.to_string());
        if received.len() % 2 == 0 {
            ask.send(()).await;
            answered.receive().await;
        }
    }
    println!("    received: {}", received.join(" "));
    println!("    lost rows: {} of 10", 10 - received.len());
}
// ANCHOR_END: receive

async fn next(input: &Receiver<Row>) -> Option<u32> {
    Some(input.receive().await?.0)
}

#[derive(Clone, Copy)]
enum Program {
    ByReference,
    ByValue,
    AsATask,
}

// ANCHOR: futurelock
async fn want_one_lock(program: Program) {
    let lock = Rc::new(Lock::default());
    // The first has it, and gives it up after its next turn.
    let first = watched(1, hold(lock.acquire().await));
    spawn("first", first);
    let second = watched(2, use_it(lock.clone()));
    match program {
        Program::ByReference => {
            let mut second = pin!(second);
            if let Either::Right(()) = select(second.as_mut(), yield_now()).await {
                // Alive, in the queue of the lock, and polled by nobody while we are here:
                watched(3, use_it(lock)).await;
            }
        }
        Program::ByValue => {
            if let Either::Right(()) = select(second, yield_now()).await {
                watched(3, use_it(lock)).await;
            }
        }
        Program::AsATask => {
            let second = spawn("second", second);
            if let Either::Right(()) = select(second, yield_now()).await {
                watched(3, use_it(lock)).await;
            }
        }
    }
}

async fn use_it(lock: Rc<Lock>) {
    let _guard = lock.acquire().await;
}

async fn hold(guard: Guard) {
    yield_now().await;
    drop(guard);
}
// ANCHOR_END: futurelock

// ANCHOR: scopes
async fn in_a_scope() {
    scope(|scope| async move {
        scope.spawn("A", child("A", 3));
        scope.spawn("B", child("B", 4));
        println!("    the body ends");
    })
    .await;
    println!("    the scope ends, tasks left: {}", tasks());
}

async fn dropped_scope() {
    let waits = scope(|scope| async move {
        scope.spawn("A", child("A", 3));
        scope.spawn("B", child("B", 4));
        future::pending::<()>().await;
    });
    select(waits, two_turns()).await;
    println!("    the scope is dropped, tasks left: {}", tasks());
}

async fn dropped_handles() {
    let waits = async {
        let _handles = (spawn("A", child("A", 3)), spawn("B", child("B", 4)));
        future::pending::<()>().await;
    };
    select(waits, two_turns()).await;
    println!("    the handles are dropped, tasks left: {}", tasks());
    while tasks() > 0 {
        yield_now().await;
    }
    println!("    a while later, tasks left: {}", tasks());
}
// ANCHOR_END: scopes

async fn two_turns() {
    yield_now().await;
    yield_now().await;
}

async fn child(name: &'static str, turns: u32) {
    let mut end = End {
        name,
        how: "is dropped",
    };
    for _ in 0..turns {
        yield_now().await;
    }
    end.how = "ends";
}

/// Says how a child has ended.
struct End {
    name: &'static str,
    how: &'static str,
}

impl Drop for End {
    fn drop(&mut self) {
        println!("    {} {}", self.name, self.how);
    }
}

fn go_on(program: impl Future<Output = ()> + 'static) {
    block_on(program).expect("nobody waits for ever here");
}
