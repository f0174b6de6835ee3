//! A trace that is written when a signal comes.
// ThreadSanitizer keeps a signal from a thread that sleeps in a futex, as the first one of a test program does.
#![cfg(all(unix, not(tsan)))]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reveille::runtime::Builder;
use reveille::signal::unix::SignalKind;
use reveille::trace::{self, Settings};
use scratch::Scratch;
use watchdog::Watchdog;

mod scratch;
mod watchdog;

/// Sends a process `SIGUSR2`, which may still be on its way when this returns.
fn raise_in(process: u32) {
    let id = process.to_string();
    let killed = Command::new("kill").args(["-USR2", &id]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn each_signal_has_it_written_while_every_worker_is_stuck() {
    let _watchdog = Watchdog::new("a trace on a signal", Duration::from_secs(60));
    let folder = Scratch::new();
    let path = folder.file("trace.json", "");
    trace::start(&Settings::default()).unwrap();
    trace::write_on_signal(SignalKind::user_defined2(), &path).unwrap();

    let runtime = Builder::multi_thread().worker_threads(1).build().unwrap();
    let (stuck, is_stuck) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let task = reveille::task::Builder::new().name("the stuck one");
    drop(task.spawn_on(
        async move {
            stuck.send(()).unwrap();
            let _ = released.recv();
        },
        runtime.handle(),
    ));
    is_stuck.recv().unwrap();
    for _ in 0..2 {
        fs::write(&path, "").unwrap();
        raise_in(std::process::id());
        let text = loop {
            // It is put in its place when it is whole.
            match fs::read_to_string(&path).unwrap() {
                text if text.is_empty() => thread::yield_now(),
                text => break text,
            }
        };
        assert!(text.starts_with(r#"{"schema":"reveille-trace/1""#), "{text}");
        assert!(text.contains("the stuck one"), "{text}");
    }
    drop(release);
}

#[test]
fn a_name_that_says_no_form_is_refused() {
    let error = trace::write_on_signal(SignalKind::user_defined2(), "trace.txt").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error.to_string().starts_with("trace.txt: a trace goes to"),
        "{error}"
    );
}

/// Started by the test below, as a process of its own.
#[test]
fn a_child_that_records_nothing() {
    if std::env::var_os("REVEILLE_TRACE_CHILD").is_none() {
        return;
    }
    trace::write_on_signal(SignalKind::user_defined2(), "trace.json").unwrap();
    eprintln!("it listens");
    // Until who started it is done with it, or gone.
    let _ = std::io::stdin().read_line(&mut String::new());
    std::process::exit(1);
}

#[test]
fn what_cannot_be_written_is_a_line_on_stderr() {
    let _watchdog = Watchdog::new("no trace on a signal", Duration::from_secs(60));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "a_child_that_records_nothing"])
        .env("REVEILLE_TRACE_CHILD", "1")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.any(|line| line.contains("it listens")));
    for _ in 0..2 {
        raise_in(child.id());
        let told = lines.next().expect("it goes on");
        assert_eq!(
            told,
            "reveille: nothing was recorded: `trace::start` comes before"
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
