//! The program `reveille-trace`, as it is called.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, process};

use reveille_trace::trace::{Event, PollResult, Trace, What};
use reveille_trace::trace_json;

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("reveille-trace-{name}-{}", process::id()));
        fs::create_dir_all(&folder).expect("there is room for a folder");
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).expect("there is room for a file");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A trace in which a task is lost, or is not.
fn trace(wakers: u64) -> String {
    let mut trace = Trace::default();
    trace.meta.slow_poll_ns = 10_000_000;
    let start = What::PollStart {
        task: 1,
        n: 1,
        queue: None,
    };
    let end = What::PollEnd {
        task: 1,
        result: PollResult::Pending,
        wakers,
    };
    trace.events.push(Event {
        t: 1,
        thread: 0,
        what: start,
    });
    trace.events.push(Event {
        t: 2,
        thread: 0,
        what: end,
    });
    trace_json::text(&trace)
}

fn run(words: &[&str], files: &[&Path]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_reveille-trace"))
        .args(words)
        .args(files)
        .output()
        .expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn check_tells_what_is_wrong_and_exits_with_1() {
    let folder = Folder::new("wrong");
    let (status, told, errors) = run(&["check"], &[&folder.file("trace.json", &trace(0))]);
    assert_eq!((status, errors.as_str()), (Some(1), ""));
    assert!(
        told.starts_with("lost-waker: Nobody can wake task #1.\n  When its last poll ended"),
        "{told}"
    );
    assert!(told.ends_with("\n  See ch04 of the book.\n"), "{told}");
}

#[test]
fn check_says_so_if_nothing_is_wrong() {
    let folder = Folder::new("right");
    let (status, told, errors) = run(&["check"], &[&folder.file("trace.json", &trace(1))]);
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    assert!(
        told.ends_with("trace.json: nothing found in 2 events\n"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_no_trace_is_refused_with_2() {
    let folder = Folder::new("refused");
    let broken = folder.file("broken.json", r#"{"schema":"reveille-trace/1"}"#);
    let missing = folder.0.join("missing.json");
    let (status, told, errors) = run(&["check"], &[&broken]);
    assert_eq!((status, told.as_str()), (Some(2), ""));
    assert!(
        errors.ends_with("broken.json: strings: expected an array, found nothing\n"),
        "{errors}"
    );
    let (status, _, errors) = run(&["check"], &[&missing]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("missing.json: "), "{errors}");
}

#[test]
fn it_is_told_how_it_is_used_who_uses_it_otherwise() {
    for words in [
        &[][..],
        &["check"],
        &["look", "f"],
        &["html", "f"],
        &["check", "f", "g"],
    ] {
        let (status, told, errors) = run(words, &[]);
        assert_eq!((status, told.as_str()), (Some(2), ""));
        assert!(errors.starts_with("usage: reveille-trace check FILE"), "{errors}");
    }
    let (status, told, errors) = run(&["--help"], &[]);
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    assert!(told.starts_with("usage: "), "{told}");
}

#[test]
fn a_trace_is_written_as_a_page_and_for_other_viewers() {
    let folder = Folder::new("export");
    let file = folder.file("trace.json", &trace(1));
    for (word, name, start) in [
        ("html", "out.html", "<!doctype html>"),
        ("chrome", "out.json", "{\"displayTimeUnit\""),
    ] {
        let out = folder.0.join(name);
        let (status, told, errors) = run(&[word], &[&file, &out]);
        assert_eq!((status, told.as_str(), errors.as_str()), (Some(0), "", ""));
        assert!(
            fs::read_to_string(out)
                .expect("it was written")
                .starts_with(start)
        );
    }
    let nowhere = folder.0.join("missing").join("out.html");
    let (status, _, errors) = run(&["html"], &[&file, &nowhere]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("out.html: "), "{errors}");
}
