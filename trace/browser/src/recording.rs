//! Traces to look at.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use reveille_trace::read::read;
use reveille_trace::trace::{
    By, Effect, Event, Level, Meta, PollResult, Queue, Strings, TaskKind, Thread, ThreadKind, Trace, What,
};

/// The page's example: two workers, sockets, a timer, a job, and three things that are wrong.
pub fn example() -> Trace {
    read(EXAMPLE).expect("the example is a trace")
}

/// The page's example, every text in it replaced by that one: the names of tasks and of threads too.
pub fn example_with_texts(text: &str) -> Trace {
    let mut trace = example();
    trace.strings = Strings::new(vec![text.to_owned(); trace.strings.all().len()]);
    for thread in &mut trace.threads {
        thread.name = text.to_owned();
    }
    trace
}

/// What an example of reveille does, recorded at the level `full`.
///
/// # Panics
///
/// If it does not build or fails.
pub fn of_example(name: &str, arguments: &[&str]) -> Trace {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let file = env::temp_dir().join(format!("reveille-{}-{number}-{name}.json", process::id()));
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--example", name, "--"])
        .args(arguments)
        .current_dir(root())
        .env("REVEILLE_TRACE", format!("full:{}", file.display()))
        .stdout(Stdio::null())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the example {name}: {status}");
    let text = fs::read_to_string(&file).expect("it has written the trace");
    let _ = fs::remove_file(&file);
    read(&text).expect("it is a trace")
}

/// A trace of so many events, or a few more: a hundred tasks that wake each other in turn.
pub fn of_many_events(events: usize) -> Trace {
    const TASKS: u64 = 100;
    let mut trace = Trace {
        meta: Meta {
            workers: 1,
            slow_poll_ns: 10_000_000,
            level: Some(Level::Loop),
            ..Meta::default()
        },
        threads: vec![Thread {
            id: 0,
            name: "worker-0".to_owned(),
            kind: ThreadKind::Worker,
            worker: Some(0),
            os_tid: None,
        }],
        strings: Strings::new(vec!["relay".to_owned(), "src/main.rs:1:1".to_owned()]),
        ..Trace::default()
    };
    let queue = Queue::Local(0);
    for task in 1..=TASKS {
        let spawn = What::Spawn {
            task,
            parent: 0,
            name: 0,
            location: 1,
            kind: TaskKind::Task,
            size: Some(64),
        };
        push(&mut trace, spawn);
        push(
            &mut trace,
            What::Enqueue {
                task,
                queue,
                depth: task,
            },
        );
    }
    let mut n = 1;
    while trace.events.len() < events {
        for task in 1..=TASKS {
            let before = (task + TASKS - 2) % TASKS + 1;
            let queue = Some(queue);
            push(&mut trace, What::PollStart { task, n, queue });
            if n > 1 || task > 1 {
                let (by, effect) = (By::Task(task), Effect::Scheduled);
                push(
                    &mut trace,
                    What::Wake {
                        task: before,
                        by,
                        effect,
                    },
                );
                let (queue, depth) = (Queue::Local(0), TASKS);
                push(
                    &mut trace,
                    What::Enqueue {
                        task: before,
                        queue,
                        depth,
                    },
                );
            }
            let (result, wakers) = (PollResult::Pending, 1);
            push(&mut trace, What::PollEnd { task, result, wakers });
        }
        n += 1;
    }
    trace.events.truncate(events);
    trace
}

fn push(trace: &mut Trace, what: What) {
    // Steps of different lengths, so that the times are not all of a kind.
    let t = trace
        .events
        .last()
        .map_or(0, |event| event.t + 300 + event.t % 701);
    trace.events.push(Event { t, thread: 0, what });
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

const EXAMPLE: &str = include_str!("../../page/tests/example.trace.json");
