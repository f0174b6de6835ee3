//! Several workers: what may go to another thread, queues of which others may take, and a thread that falls asleep just when
//! there is something to do. Chapter 11 of the book.
//!
//! ```console
//! $ cargo run --example ch11_threads
//! $ cargo run --example ch11_threads -- --trace trace.html      # all but the sums as the recorder's page; also .json
//! ```

mod join;
mod parker;
mod primitive;
mod runtime;
mod send;
#[allow(dead_code, reason = "other chapters have more to tell")]
#[path = "../story.rs"]
mod story;
mod workers;
mod yield_now;

use std::ops::Range;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use runtime::{block_on, spawn, steals};
use yield_now::yield_now;

fn main() -> ExitCode {
    story::told(all)
}

fn all() {
    println!("what may be given to another thread, and what may be lent to one:");
    send::print_table();

    println!("one program, by different numbers of workers:");
    for workers in [1, 2, 4] {
        // Nobody steps through sixteen thousand tasks.
        let (sum, steals) = story::untold(|| block_on(workers, async { (sum(0..100_000).await, steals()) }));
        println!("    workers: {workers}, the sum is {sum}, steals: {steals}");
    }

    println!("a task blocks its worker until its child has run:");
    println!(
        "    the child ran on {}",
        block_on(2, async { spawn("parent", blocks()).await })
    );

    println!("two tasks count to 100000 each:");
    for (workers, how, step) in [
        (1, "in two steps", in_two_steps as Step),
        (2, "in two steps", in_two_steps),
        (2, "in one step", in_one_step),
    ] {
        let counted = block_on(workers, count(step));
        println!("    workers: {workers}, {how}: {counted}");
    }
}

// ANCHOR: sum
/// Adds the numbers up, a half of them in a task of its own, and so on.
fn sum(numbers: Range<u64>) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if numbers.end - numbers.start <= 10 {
            yield_now().await;
            return numbers.sum();
        }
        let middle = numbers.start.midpoint(numbers.end);
        let first_half = spawn("half", sum(numbers.start..middle));
        let second_half = sum(middle..numbers.end).await;
        first_half.await + second_half
    })
}
// ANCHOR_END: sum

// ANCHOR: blocks
async fn blocks() -> &'static str {
    let (says, said) = mpsc::channel();
    // On the queue of this worker, which comes to it when this poll returns.
    spawn("child", async move { says.send(thread::current().id()).unwrap() });
    // Never do that (chapter 9): here it leaves the child to the other worker.
    if said.recv().unwrap() == thread::current().id() {
        "the same worker"
    } else {
        "another worker"
    }
}
// ANCHOR_END: blocks

// ANCHOR: count
type Step = fn(&AtomicU32);

fn in_two_steps(counter: &AtomicU32) {
    let read = counter.load(Ordering::Relaxed);
    counter.store(read + 1, Ordering::Relaxed);
}

fn in_one_step(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

async fn count(step: Step) -> u32 {
    let counter = Arc::new(AtomicU32::new(0));
    let tasks = ["one", "another"].map(|name| {
        let counter = counter.clone();
        // No await between two steps, nor within one.
        spawn(name, async move { (0..100_000).for_each(|_| step(&counter)) })
    });
    for task in tasks {
        task.await;
    }
    counter.load(Ordering::Relaxed)
}
// ANCHOR_END: count
