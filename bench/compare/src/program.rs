//! One scenario in a fresh process.

use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::figures::{Allocator, Subject};
use crate::options::Options;

/// A program that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(300);
/// The exit status of a program that has no such thing to measure, and says why.
const UNAVAILABLE: i32 = 3;
/// A thread costs so much more than a task that this part of the repetitions is enough.
const OF_THREADS: f64 = 0.01;

pub(crate) enum Outcome {
    Measured(Vec<(String, f64)>),
    /// Why not.
    Unavailable(String),
    Failed(String),
}

pub(crate) fn measure(subject: &Subject, options: &Options) -> Outcome {
    match run(subject, options) {
        Ok(output) => read(&output),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn run(subject: &Subject, options: &Options) -> io::Result<Output> {
    let mut name = match subject.runtime.as_str() {
        "raw" => "bench-raw".to_owned(),
        runtime => format!("bench-on-{runtime}"),
    };
    if subject.allocator == Allocator::Mimalloc {
        name += "-mimalloc";
    }
    let [mut repeats, sizes, seconds] = options.parts();
    if subject.runtime == "threads" {
        repeats *= OF_THREADS;
    }
    let program = std::env::current_exe()?.with_file_name(name);
    let child = Command::new(&program)
        .args([&subject.scenario, &subject.workers.to_string()])
        .env("BENCH_REPEATS", repeats.to_string())
        .env("BENCH_SIZES", sizes.to_string())
        .env("BENCH_SECONDS", seconds.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
    wait(child)
}

/// Waits without looking now and then, which would be measured too; ends the child if it hangs.
fn wait(child: Child) -> io::Result<Output> {
    let (tell, told) = mpsc::channel::<()>();
    let id = Pid::from_child(&child);
    let watchdog = thread::spawn(move || {
        if told.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = kill_process(id, Signal::KILL);
        }
    });
    let output = child.wait_with_output();
    drop(tell);
    watchdog.join().expect("it does not panic");
    output
}

fn read(output: &Output) -> Outcome {
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(UNAVAILABLE) {
        let reason = text.lines().find_map(|line| line.strip_prefix("unavailable "));
        return Outcome::Unavailable(reason.unwrap_or("it says no reason").to_owned());
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Outcome::Failed(format!("{}: {}", output.status, said.trim()));
    }
    let figures: Option<Vec<_>> = text
        .lines()
        .map(|line| {
            let (metric, value) = line.split_once(' ')?;
            Some((metric.to_owned(), value.parse().ok()?))
        })
        .collect();
    match figures {
        Some(figures) if !figures.is_empty() => Outcome::Measured(figures),
        _ => Outcome::Failed(format!("it printed no figures but: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn printed(status: i32, stdout: &str) -> Outcome {
        read(&Output {
            status: ExitStatus::from_raw(status << 8),
            stdout: stdout.into(),
            stderr: Vec::new(),
        })
    }

    #[test]
    fn figures_are_read_by_name() {
        let Outcome::Measured(figures) = printed(0, "wall_ns 12.500\ncpu_ns 7\n") else {
            panic!("they are figures");
        };
        assert_eq!(
            figures,
            [("wall_ns".to_owned(), 12.5), ("cpu_ns".to_owned(), 7.0)]
        );
    }

    #[test]
    fn what_a_runtime_lacks_is_told_from_a_failure() {
        assert!(
            matches!(printed(3, "unavailable no io_uring\n"), Outcome::Unavailable(reason) if reason == "no io_uring")
        );
        assert!(matches!(printed(1, ""), Outcome::Failed(_)));
        assert!(matches!(printed(0, ""), Outcome::Failed(_)));
        assert!(matches!(printed(0, "what?\n"), Outcome::Failed(_)));
    }
}
