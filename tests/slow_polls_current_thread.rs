//! On a current-thread runtime a poll that took long is reported when it has ended, once, with the task's spawn site.

mod reports;
mod watchdog;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use reports::{is_child, line_of_child};
use reveille::runtime::{Builder, Runtime, SlowPoll};
use reveille::task::{self, spawn_local, yield_now};
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);
const THRESHOLD: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_millis(250);

fn reporting() -> (Runtime, Receiver<SlowPoll>) {
    reporting_after(THRESHOLD)
}

fn reporting_after(threshold: Duration) -> (Runtime, Receiver<SlowPoll>) {
    let (sender, reports) = mpsc::channel();
    let runtime = Builder::current_thread()
        .slow_poll_threshold(threshold)
        .on_slow_poll(move |poll| sender.send(poll.clone()).unwrap_or_default())
        .build()
        .unwrap();
    (runtime, reports)
}

/// What was reported in the life of that runtime.
fn all(runtime: Runtime, reports: &Receiver<SlowPoll>) -> Vec<SlowPoll> {
    drop(runtime);
    reports.iter().collect()
}

#[test]
fn a_task_that_blocked_is_named_once() {
    let _watchdog = Watchdog::new("the report of a slow poll", LIMIT);
    let (runtime, reports) = reporting();
    let line = line!() + 2;
    let id = runtime.block_on(async {
        let task = task::spawn(async { thread::sleep(LONG) });
        let id = task.id();
        task.await.unwrap();
        id
    });
    let [slow] = &all(runtime, &reports)[..] else {
        panic!("not one report")
    };
    assert_eq!((slow.task, slow.spawned_at.line()), (id, line));
    assert_eq!(slow.spawned_at.file(), file!());
    assert!(slow.elapsed >= LONG);
    assert!(slow.has_ended && slow.others.is_empty());
    assert_eq!(slow.worker, 0);
}

#[test]
fn a_local_task_and_the_future_of_block_on_are_named_too() {
    let _watchdog = Watchdog::new("the report of a slow local task", LIMIT);
    let (runtime, reports) = reporting();
    let line = line!() + 2;
    let id = runtime.block_on(async {
        let task = spawn_local(async {
            thread::sleep(LONG);
            yield_now().await;
        });
        let id = task.id();
        task.await.unwrap();
        id
    });
    let slow = reports.try_recv().unwrap();
    assert_eq!((slow.task, slow.spawned_at.line()), (id, line));

    let line = line!() + 1;
    runtime.block_on(async { thread::sleep(LONG) });
    let slow = reports.try_recv().unwrap();
    assert_eq!(slow.spawned_at.line(), line);

    let line = line!() + 2;
    let panics = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            thread::sleep(LONG);
            std::panic::resume_unwind(Box::new("not printed"))
        })
    }));
    let panics: Result<(), _> = panics;
    assert!(panics.is_err());
    let slow = reports.try_recv().unwrap();
    assert_eq!(slow.spawned_at.line(), line);
    assert!(all(runtime, &reports).is_empty());
}

#[test]
fn among_short_polls_it_is_one_of_a_few_and_the_next_time_it_is_known() {
    let _watchdog = Watchdog::new("the report of a slow poll among short ones", LIMIT);
    let (runtime, reports) = reporting();
    let id = runtime.block_on(async {
        let others: Vec<_> = (0..9)
            .map(|_| {
                task::spawn(async {
                    loop {
                        yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..10_000 {
            yield_now().await;
        }
        let task = task::Builder::new().name("slow").spawn(async {
            for _ in 0..2 {
                thread::sleep(LONG);
                for _ in 0..10 {
                    yield_now().await;
                }
            }
        });
        let id = task.id();
        task.await.unwrap();
        for other in others {
            other.abort();
        }
        id
    });
    // A machine that pauses the thread in one of the others' polls makes that one slow, too.
    let mut reports = all(runtime, &reports);
    reports.retain(|poll| poll.task == id || poll.others.iter().any(|other| other.task == id));
    let [first, second] = &reports[..] else {
        panic!("not two reports of it: {reports:?}")
    };
    assert!(first.others.len() <= 10, "a task is named twice: {first}");
    assert!(first.to_string().contains("(\"slow\")"), "{first}");
    assert_eq!((second.task, second.others.len()), (id, 0));
    assert_eq!(second.name.as_deref(), Some("slow"));
}

#[test]
fn short_polls_are_not_reported_however_many() {
    let _watchdog = Watchdog::new("many short polls", LIMIT);
    // Far longer than a busy system keeps a thread from running.
    let threshold = Duration::from_secs(1);
    let (runtime, reports) = reporting_after(threshold);
    let polls = runtime.block_on(async {
        task::spawn(async move {
            let (since, mut polls) = (Instant::now(), 0);
            // All together take longer than one may.
            while since.elapsed() < threshold * 5 / 4 || polls < 10_000 {
                yield_now().await;
                polls += 1;
            }
            polls
        })
        .await
        .unwrap()
    });
    assert!(polls >= 10_000);
    let reports: Vec<_> = all(runtime, &reports).iter().map(ToString::to_string).collect();
    assert_eq!(reports, [""; 0]);
}

#[test]
fn a_sleep_is_no_poll() {
    let _watchdog = Watchdog::new("a sleep", LIMIT);
    let (runtime, reports) = reporting();
    runtime.block_on(async {
        task::spawn(reveille::time::sleep(2 * THRESHOLD)).await.unwrap();
    });
    thread::sleep(LONG);
    runtime.block_on(async {});
    assert!(all(runtime, &reports).is_empty());
}

#[test]
fn by_default_one_line_on_stderr_tells_of_it() {
    let this = "by_default_one_line_on_stderr_tells_of_it";
    let _watchdog = Watchdog::new("a child process with a slow poll", LIMIT);
    if is_child() {
        let runtime = Builder::current_thread().build().unwrap();
        let task = runtime.spawn(async { thread::sleep(Duration::from_millis(300)) });
        return runtime.block_on(task).unwrap();
    }
    let line = line_of_child(this);
    // On a slow machine the future of `block_on` is named beside it.
    let of_it = line.starts_with("reveille: task ") || line.starts_with("reveille: one of 2 tasks (task ");
    assert!(of_it, "{line}");
    assert!(line.contains(&format!("spawned at {}:", file!())), "{line}");
    assert!(line.contains(" blocked worker 0 for "), "{line}");
    assert!(line.contains("use `spawn_blocking`"), "{line}");
}
