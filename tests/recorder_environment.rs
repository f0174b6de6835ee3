//! `REVEILLE_TRACE`: recording for programs that know nothing of it.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// This program again, playing one of the parts below, with that value.
fn play(part: &str, value: &str) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "plays_a_part", "--nocapture"])
        .env(PART, part)
        .env("REVEILLE_TRACE", value)
        .output()
        .unwrap()
}

/// A folder of this test's own, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("reveille-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn plays_a_part() {
    match env::var(PART).as_deref() {
        Ok("runs") => reveille::block_on(async {
            let task = reveille::task::Builder::new().name("named task").spawn(async {
                reveille::task::yield_now().await;
            });
            task.await.unwrap();
            println!("went on");
        }),
        Ok("panics") => {
            let runtime = reveille::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let _ = reveille::spawn(async { panic!("as planned") }).await;
                // No runtime ends in order here.
                std::process::exit(0);
            });
        }
        _ => {}
    }
}

#[test]
fn a_file_is_written_when_the_runtime_ends() {
    let folder = Folder::new("environment");
    for (value, name, begins) in [
        ("", "out.json", "{\"schema\":\"reveille-trace/1\""),
        ("full:", "full.json", "{\"schema\":\"reveille-trace/1\""),
        (
            "chrome:",
            "chrome.json",
            "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[",
        ),
        ("", "out.html", "<!doctype html>"),
    ] {
        let path = folder.file(name);
        let output = play("runs", &format!("{value}{path}"));
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("went on"));
        assert!(output.stderr.is_empty(), "{output:?}");
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.to_ascii_lowercase()
                .starts_with(&begins.to_ascii_lowercase()),
            "{name}: {}",
            &text[..60]
        );
        assert!(text.contains("named task"), "{name}");
    }
    let left: Vec<_> = fs::read_dir(&folder.0).unwrap().collect();
    assert_eq!(left.len(), 4, "nothing else is left behind: {left:?}");
}

#[test]
fn a_panic_is_written_down_too() {
    let folder = Folder::new("panic");
    let path = folder.file("out.json");
    let output = play("panics", &path);
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"k\":\"poll_start\""), "{text}");
}

#[test]
fn a_value_that_is_not_understood_is_one_line_and_the_program_goes_on() {
    for value in ["on", "out.txt", "live:port", "/no/such/folder/out.json"] {
        let output = play("runs", value);
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("went on"));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.starts_with("reveille: REVEILLE_TRACE: "), "{told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    }
}

const PART: &str = "REVEILLE_TEST_PART";
