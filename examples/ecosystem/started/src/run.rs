//! A client that is run to its end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

/// Runs `command` with `input`; returns what it wrote to both streams, stdout first.
///
/// # Panics
///
/// If it cannot be started or fails: with all that it wrote.
pub fn run(command: &mut Command, input: &[u8]) -> String {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    // What it writes is read meanwhile. It may leave before it has read all.
    let feeder = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it was started");
    feeder.join().expect("it does not panic");
    let text = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    text
}
