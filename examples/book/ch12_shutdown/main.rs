//! How tasks end that do not return: by a panic, and with their runtime. Chapter 12 of the book.
//!
//! ```console
//! $ cargo run --example ch12_shutdown
//! $ cargo run --example ch12_shutdown -- --trace trace.html      # the same as the recorder's page; also .json
//! ```

mod contained;
mod drain;
mod join;
mod never_ends;
mod runtime;
#[allow(dead_code, reason = "other chapters have more to tell")]
#[path = "../story.rs"]
mod story;
mod time;

use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use join::JoinError;
use runtime::{Runtime, spawn, yield_now};

fn main() -> ExitCode {
    // What a task panics with is printed where it is joined.
    panic::set_hook(Box::new(|_| ()));
    story::told(|| {
        a_task_panics();
        tasks_that_never_end();
        destructors_that_misbehave();
        drain::run();
    })
}

// ANCHOR: panics
fn a_task_panics() {
    println!("three tasks, of which one panics:");
    Runtime::new().block_on(async {
        let tasks = [1, 2, 3].map(|number| {
            spawn(format!("task {number}"), async move {
                yield_now().await;
                if number == 2 {
                    panic!("the disk is full");
                }
                number
            })
        });
        for (index, task) in tasks.into_iter().enumerate() {
            let number = index + 1;
            match task.await {
                Ok(output) => println!("    task {number} returned {output}"),
                Err(JoinError::Panic(message)) => {
                    println!("    panic in task {number}: {message}; the runtime still runs");
                }
                Err(JoinError::Cancelled) => println!("    task {number} was cancelled"),
            }
        }
    });
}
// ANCHOR_END: panics

// ANCHOR: never_end
fn tasks_that_never_end() {
    println!("five tasks that never end, in a runtime that forgets its tasks, as that of chapter 5:");
    let dropped = Arc::new(AtomicU32::new(0));
    let runtime = Runtime::new();
    runtime.block_on(never_ends::spawn_five(dropped.clone()));
    let forgotten = runtime.forget_tasks();
    println!("    destructors: {}/5", dropped.load(Ordering::Relaxed));
    let kept = forgotten.iter().filter(|task| task.strong_count() > 0).count();
    println!("    tasks that refer to themselves: {kept}");
    println!("    cancelled by hand, so that this program leaks nothing:");
    runtime::cancel_all(forgotten.iter().filter_map(|task| task.upgrade()));

    println!("the same five, and the runtime shuts down:");
    let dropped = Arc::new(AtomicU32::new(0));
    let runtime = Runtime::new();
    runtime.block_on(never_ends::spawn_five(dropped.clone()));
    runtime.shut_down();
    println!("    destructors: {}/5", dropped.load(Ordering::Relaxed));
}
// ANCHOR_END: never_end

// ANCHOR: misbehave
fn destructors_that_misbehave() {
    println!("destructors that misbehave:");
    let runtime = Runtime::new();
    runtime.block_on(async {
        let first = never_ends::with_destructor(|| {
            let task = spawn("nobody", async { println!("    nobody ever sees this") });
            println!("    the first one spawns: {:?}", task.take_result());
        });
        let second = never_ends::with_destructor(|| {
            println!("    the second one panics");
            panic!("in a destructor");
        });
        let third = never_ends::with_destructor(|| println!("    the third one runs"));
        spawn("first", first);
        spawn("second", second);
        spawn("third", third);
        yield_now().await;
    });
    let cancelled = runtime.shut_down();
    println!("    the runtime is gone, {cancelled} tasks were cancelled");
}
// ANCHOR_END: misbehave
