//! What a panic in a task does, besides ending the task.

mod gate;
mod watchdog;

use std::future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use gate::Key;
use reveille_executor::{
    Config, CurrentThread, PanicPolicy, TaskBuilder, ThreadPark, spawn, spawn_local, yield_now,
};
use watchdog::watched;

fn executor(policy: PanicPolicy) -> CurrentThread<ThreadPark> {
    let mut config = Config::default();
    config.panic_policy = policy;
    CurrentThread::with_config(ThreadPark::new(), &config)
}

/// Runs one of the `child_` tests in a process of its own.
fn child(name: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("REVEILLE_TEST_CHILD", "1")
        // A backtrace takes long enough to be told as a slow poll.
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap()
}

fn is_child() -> bool {
    std::env::var_os("REVEILLE_TEST_CHILD").is_some()
}

fn lines(output: &Output) -> Vec<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines = stderr
        .lines()
        .filter(|line| line.starts_with("reveille: ") && line.contains(" panicked: "));
    lines.map(str::to_owned).collect()
}

fn panic_unjoined(policy: PanicPolicy) {
    executor(policy).block_on(async {
        drop(
            TaskBuilder::new()
                .name("poor")
                .spawn(async { panic!("a task") as () }),
        );
        drop(spawn_local(async { panic!("a local task") as () }));
        yield_now().await;
        assert!(
            spawn(async { panic!("joined") as () })
                .await
                .unwrap_err()
                .is_panic()
        );
    });
}

#[test]
fn child_that_stores() {
    if is_child() {
        panic_unjoined(PanicPolicy::Store);
    }
}

#[test]
fn child_that_logs() {
    if is_child() {
        panic_unjoined(PanicPolicy::LogIfUnjoined);
    }
}

#[test]
fn child_that_aborts() {
    if is_child() {
        panic_unjoined(PanicPolicy::Abort);
    }
}

#[test]
fn stored_panics_are_silent() {
    let output = child("child_that_stores");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(lines(&output), [""; 0]);
}

#[test]
fn by_default_panics_that_nobody_joins_are_told_with_name_and_place() {
    assert_eq!(PanicPolicy::default(), PanicPolicy::LogIfUnjoined);
    let output = child("child_that_logs");
    assert!(output.status.success(), "{output:?}");
    let lines = lines(&output);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("(\"poor\") panicked: a task, and nobody joined it (spawned at"));
    assert!(lines[0].contains("panic_policy.rs:"), "{lines:?}");
    assert!(lines[1].contains("panicked: a local task"), "{lines:?}");
}

#[test]
fn a_panic_that_aborts_says_which_task_it_was() {
    let output = child("child_that_aborts");
    assert!(!output.status.success(), "{output:?}");
    let lines = lines(&output);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("(\"poor\") panicked: a task, and the process aborts (spawned at"));
}

#[test]
fn a_panic_that_shuts_down_cancels_the_tasks_and_block_on_panics() {
    watched(|| {
        for local in [false, true] {
            let executor = executor(PanicPolicy::ShutdownRuntime);
            let (task, root) = (Key::default(), Key::default());
            let other = executor.handle().spawn(task.gate());
            let gate = root.gate();
            let block_on = |local: bool| {
                executor.block_on(async move {
                    yield_now().await;
                    match local {
                        true => drop(spawn_local(async { panic!("a task") as () })),
                        false => drop(spawn(async { panic!("a task") as () })),
                    }
                    gate.await;
                });
            };
            let panic = catch_unwind(AssertUnwindSafe(|| block_on(local))).unwrap_err();
            let message = panic.downcast::<String>().map_or_else(
                |panic| (*panic.downcast::<&str>().unwrap()).to_owned(),
                |message| *message,
            );
            assert!(message.contains("PanicPolicy::ShutdownRuntime"), "{message}");
            assert_eq!((task.drops(), root.drops()), (1, 1));
            assert!(other.is_finished());
            let again = catch_unwind(AssertUnwindSafe(|| executor.block_on(async {})));
            assert!(again.is_err());
            assert!(executor.handle().spawn(async {}).is_finished());
        }
    });
}

#[test]
fn a_follower_hears_of_the_end_even_if_user_code_used_up_the_unpark() {
    watched(|| {
        let executor = executor(PanicPolicy::ShutdownRuntime);
        let mut embedded = executor.embed().unwrap();
        let (polled, is_polled) = mpsc::channel();
        let is_down = AtomicBool::new(false);
        thread::scope(|scope| {
            let (executor, is_down) = (&executor, &is_down);
            let follower = scope.spawn(move || {
                executor.block_on(future::poll_fn(|_| -> Poll<()> {
                    polled.send(()).unwrap();
                    while !is_down.load(Ordering::SeqCst) {
                        thread::yield_now();
                    }
                    // The unpark that tells of the end has come, and this eats it.
                    thread::park();
                    Poll::Pending
                }));
            });
            is_polled.recv().unwrap();
            drop(executor.handle().spawn(async { panic!("a task") }));
            assert!(catch_unwind(AssertUnwindSafe(|| embedded.poll_once(Some(Duration::ZERO)))).is_err());
            is_down.store(true, Ordering::SeqCst);
            assert!(follower.join().is_err(), "its runtime is shut down");
        });
        drop(embedded);
    });
}
