//! A runtime that is dropped waits for its blocking jobs, and says so to whoever wonders why nothing happens.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use reveille::runtime::Builder;

mod watchdog;
use watchdog::Watchdog;

const CHILD: &str = "REVEILLE_DROP_THAT_WAITS";

#[test]
fn a_drop_that_waits_says_for_what() {
    let _watchdog = Watchdog::new("a drop that waits", Duration::from_secs(60));
    if let Some(flavor) = std::env::var_os(CHILD) {
        return wait_for_the_parent(flavor == "several threads");
    }
    for flavor in ["several threads", "one thread"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_drop_that_waits_says_for_what", "--nocapture"])
            .env(CHILD, flavor)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let told = lines
            .find(|line| line.starts_with("reveille: "))
            .expect("it says something");
        assert!(
            told.contains("the drop of a runtime waits; still there: "),
            "{told}"
        );
        let job = lines.next().unwrap();
        assert!(
            job.starts_with("  blocking job ") && job.contains(file!()),
            "{job}"
        );
        child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
        assert!(child.wait().unwrap().success());
    }
}

/// In the child: drops a runtime whose blocking job lasts until the parent has read what is said.
fn wait_for_the_parent(several: bool) {
    let mut builder = if several {
        Builder::multi_thread()
    } else {
        Builder::current_thread()
    };
    let runtime = builder.build().unwrap();
    let (started, start) = mpsc::channel();
    let job = runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        let mut line = String::new();
        io::stdin().read_line(&mut line).unwrap();
    });
    start.recv().unwrap();
    drop(job);
    drop(runtime);
}
