//! What is printed: for debugging, of what is still there after a shutdown, and of misuse.

mod watchdog;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use futures_task::{LocalSpawn, Spawn};
use reveille_executor::{
    AbortOnDropHandle, Config, CurrentThread, JoinSet, LocalKey, MultiThread, Park, TaskBuilder, ThreadPark,
    Token, spawn, spawn_blocking, task_local,
};
use watchdog::watched;

task_local! {
    static NUMBER: u32;
}

/// With what the call panics.
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).err().expect("it panics");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn handles_sets_and_settings_say_which_they_are() {
    watched(|| {
        CurrentThread::new(ThreadPark::new()).block_on(async {
            let task = spawn(async {});
            let id = task.id();
            assert_eq!(
                format!("{:?}", task.abort_handle()),
                format!("AbortHandle {{ id: {id:?} }}")
            );
            let task = AbortOnDropHandle::from(task);
            assert_eq!(
                format!("{task:?}"),
                format!("AbortOnDropHandle {{ id: {id:?}, .. }}")
            );
            let mut set: JoinSet<()> = JoinSet::default();
            assert_eq!(format!("{set:?}"), "JoinSet { len: 0 }");
            set.spawn(async {});
            assert_eq!(format!("{set:?}"), "JoinSet { len: 1 }");
        });
        let builder = TaskBuilder::new().name("reader");
        assert_eq!(format!("{builder:?}"), r#"Builder { name: Some("reader") }"#);
        let workers = MultiThread::new([ThreadPark::new(), ThreadPark::new()], Config::default()).unwrap();
        assert_eq!(format!("{workers:?}"), "MultiThread { workers: 2, .. }");
        let config = format!("{:?}", Config::default());
        assert!(config.starts_with("Config { thread_name: "), "{config}");
        assert_eq!(format!("{NUMBER:?}"), "LocalKey");
        let future = format!("{:?}", NUMBER.scope(7, async {}));
        assert_eq!(future, "TaskLocalFuture { .. }");
    });
}

#[test]
fn a_park_says_in_which_state_it_is() {
    let token = Token::new();
    assert_eq!(format!("{token:?}"), "Token(EMPTY)");
    assert!(token.announce());
    assert_eq!(format!("{token:?}"), "Token(PARKED)");
    assert!(token.notify());
    assert_eq!(format!("{token:?}"), "Token(NOTIFIED)");
    let mut park = ThreadPark::new();
    park.unparker().wake();
    assert!(format!("{park:?}").contains("Token(NOTIFIED)"), "{park:?}");
    // It returns at once, and takes the token.
    park.park(None, &mut Vec::new());
    assert!(format!("{park:?}").contains("Token(EMPTY)"), "{park:?}");
}

#[test]
fn a_report_names_what_is_still_there() {
    watched(|| {
        let executor = MultiThread::new([ThreadPark::new()], Config::default()).unwrap();
        let (started, start) = mpsc::channel();
        let (release, blocked) = mpsc::channel::<()>();
        let job_started = started.clone();
        let stuck = async move {
            started.send(()).unwrap();
            let _ = blocked.recv();
        };
        let (release_job, blocked_job) = mpsc::channel::<()>();
        let task = TaskBuilder::new()
            .name("stuck")
            .spawn_on(stuck, &executor.handle());
        let job = executor.handle().spawn_blocking(move || {
            job_started.send(()).unwrap();
            let _ = blocked_job.recv();
        });
        for _ in 0..2 {
            start.recv().unwrap();
        }
        let report = executor.shut_down(Duration::from_millis(10)).to_string();
        let [first, second, third] = &report.lines().collect::<Vec<_>>()[..] else {
            panic!("not three lines: {report}")
        };
        assert_eq!(*first, "still there: 2 threads, 1 tasks, 1 blocking jobs");
        assert!(
            second.starts_with(&format!("  task {} (\"stuck\"), spawned at ", task.id()))
                && second.contains(file!()),
            "{report}"
        );
        assert!(
            third.starts_with("  blocking job ")
                && third.contains(", spawned at ")
                && third.contains(file!()),
            "{report}"
        );
        drop((release, release_job, job));

        let executor = CurrentThread::new(ThreadPark::new());
        let report = executor.shut_down(Duration::from_secs(10));
        assert_eq!(report.to_string(), "everything has ended");
    });
}

#[test]
fn misuse_is_told_what_to_do_instead() {
    watched(|| {
        let text = panic_of(|| spawn_blocking(|| ()));
        assert!(text.contains("call it inside `block_on` or a task"), "{text}");
        let text = panic_of(|| MultiThread::new([] as [ThreadPark; 0], Config::default()).map(drop));
        assert!(text.contains("give it at least one park"), "{text}");
        let text = panic_of(|| NUMBER.with(|_| ()));
        assert!(
            text.contains("set it around, with `KEY.scope(value, future)`"),
            "{text}"
        );
        let missing = NUMBER.try_with(|_| ()).unwrap_err();
        assert_eq!(missing.to_string(), "the task-local value is not set here");
        let key: &'static LocalKey<u32> = &NUMBER;
        let text = panic_of(|| key.sync_scope(1, || key.with(|_| key.sync_scope(2, || ()))));
        assert!(text.contains("end the `with` first"), "{text}");
        // What was lent is as it was, and what was set is gone.
        assert!(NUMBER.try_with(|_| ()).is_err());
    });
}

#[test]
fn the_traits_of_futures_task_say_whether_tasks_are_taken() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let handle = executor.handle();
        assert!(handle.status().is_ok());
        assert!(
            handle.status_local().is_err(),
            "no task of this thread's would run"
        );
        executor.block_on(async {
            assert!(executor.handle().status_local().is_ok());
        });
        executor.shut_down(Duration::from_secs(10));
        assert!(handle.status().unwrap_err().is_shutdown());
        assert!(handle.status_local().is_err());
    });
}
