//! A poll that keeps its worker is reported once, while it still does, with the task's spawn site; short ones are not.

mod reports;
mod watchdog;

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use reports::{is_child, line_of_child};
use reveille::runtime::{Builder, Runtime, SlowPoll};
use reveille::task::yield_now;
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);

fn reporting(workers: usize, threshold: Duration) -> (Runtime, Receiver<SlowPoll>) {
    let (sender, reports) = mpsc::channel();
    let runtime = Builder::multi_thread()
        .worker_threads(workers)
        .slow_poll_threshold(threshold)
        .on_slow_poll(move |poll| sender.send(poll.clone()).unwrap_or_default())
        .build()
        .unwrap();
    (runtime, reports)
}

#[test]
fn a_task_that_blocks_is_named_once_while_it_still_blocks() {
    let _watchdog = Watchdog::new("the report of a slow poll", LIMIT);
    for workers in [1, 2, 4] {
        let threshold = Duration::from_millis(20);
        let (runtime, reports) = reporting(workers, threshold);
        // It blocks twice, in two polls.
        let (release, released) = mpsc::channel::<()>();
        let line = line!() + 1;
        let task = runtime.spawn(async move {
            released.recv().unwrap();
            yield_now().await;
            released.recv().unwrap();
        });
        let mut seen = Vec::new();
        for _ in 0..2 {
            let report = reports.recv().unwrap();
            assert_eq!(report.task, task.id());
            assert_eq!(report.spawned_at.file(), file!());
            assert_eq!(report.spawned_at.line(), line);
            assert!(report.worker < workers);
            assert!(report.elapsed >= threshold);
            assert_eq!(report.name, None);
            seen.push(report.to_string());
            // Still there, and not told of again: the monitor looks every millisecond, and what it says of a poll that
            // begins now comes after what it would repeat.
            assert!(!task.is_finished());
            if workers > 1 {
                let (begin, end) = mpsc::channel::<()>();
                let other = runtime.spawn(async move { end.recv().unwrap() });
                assert_eq!(reports.recv().unwrap().task, other.id());
                begin.send(()).unwrap();
                runtime.block_on(other).unwrap();
            }
            release.send(()).unwrap();
        }
        runtime.block_on(task).unwrap();
        drop(runtime);
        assert_eq!(reports.iter().count(), 0, "reported more than once: {seen:?}");
        let place = format!("spawned at {}:{line}:", file!());
        assert!(seen.iter().all(|text| text.contains(&place)), "{seen:?}");
    }
}

#[test]
fn a_local_task_is_named_too() {
    let _watchdog = Watchdog::new("the report of a slow local task", LIMIT);
    let (runtime, reports) = reporting(2, Duration::from_millis(20));
    let (release, released) = mpsc::channel::<()>();
    let line = line!() + 1;
    let task = runtime.handle().spawn_on(1, move || async move {
        released.recv().unwrap();
    });
    let report = reports.recv().unwrap();
    assert_eq!((report.task, report.worker), (task.id(), 1));
    assert_eq!(report.spawned_at.line(), line);
    release.send(()).unwrap();
    runtime.block_on(task).unwrap();
}

#[test]
fn many_short_polls_are_not_one_long_one() {
    let _watchdog = Watchdog::new("ten thousand short polls", LIMIT);
    // All of them together take longer than one may.
    // Far longer than a busy system keeps a thread from running.
    let threshold = Duration::from_secs(1);
    let (runtime, reports) = reporting(1, threshold);
    let polls = runtime.spawn(async move {
        let begun = Instant::now();
        let mut polls = 0_u64;
        while polls < 10_000 || begun.elapsed() < threshold * 5 / 4 {
            polls += 1;
            yield_now().await;
        }
        polls
    });
    assert!(runtime.block_on(polls).unwrap() >= 10_000);
    drop(runtime);
    assert_eq!(
        reports
            .iter()
            .map(|report| report.to_string())
            .collect::<Vec<_>>(),
        [""; 0]
    );
}

#[test]
fn a_worker_that_sleeps_is_not_slow() {
    let _watchdog = Watchdog::new("a worker that sleeps", LIMIT);
    let (runtime, reports) = reporting(2, Duration::from_millis(20));
    runtime
        .block_on(runtime.spawn(reveille::time::sleep(Duration::from_millis(200))))
        .unwrap();
    drop(runtime);
    assert_eq!(reports.iter().count(), 0);
}

#[test]
fn blocking_in_place_is_not_slow() {
    let _watchdog = Watchdog::new("a task that blocks in place", LIMIT);
    let (runtime, reports) = reporting(1, Duration::from_millis(20));
    let (release, released) = mpsc::channel::<()>();
    let (began, begin) = mpsc::channel();
    let blocks = runtime.spawn(async move {
        reveille::task::block_in_place(|| {
            began.send(()).unwrap();
            released.recv().unwrap();
        });
    });
    begin.recv().unwrap();
    // A poll that is slow, by the thread that stands in; what is said of it comes after what would be said of the other.
    let (finish, finished) = mpsc::channel::<()>();
    let slow = runtime.spawn(async move { finished.recv().unwrap() });
    assert_eq!(reports.recv().unwrap().task, slow.id());
    finish.send(()).unwrap();
    runtime.block_on(slow).unwrap();
    release.send(()).unwrap();
    runtime.block_on(blocks).unwrap();
    drop(runtime);
    assert_eq!(reports.iter().count(), 0);
}

#[test]
fn by_default_one_line_on_stderr_tells_of_it() {
    let this = "by_default_one_line_on_stderr_tells_of_it";
    let _watchdog = Watchdog::new("a child process with a slow poll", LIMIT);
    if is_child() {
        let runtime = Builder::multi_thread().worker_threads(1).build().unwrap();
        let task = runtime.spawn(async { std::thread::sleep(Duration::from_millis(300)) });
        return runtime.block_on(task).unwrap();
    }
    let line = line_of_child(this);
    assert!(line.starts_with("reveille: task "), "{line}");
    assert!(line.contains(&format!("spawned at {}:", file!())), "{line}");
    assert!(line.contains("has blocked worker 0 for "), "{line}");
    assert!(line.contains("use `spawn_blocking`"), "{line}");
}
