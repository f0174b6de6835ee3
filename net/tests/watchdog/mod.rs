//! Ends a test that hangs.

use std::io::{self, Write};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Runs `test`; if it does not return, the whole process fails.
pub(crate) fn watched<T>(test: impl FnOnce() -> T) -> T {
    let limit = Duration::from_secs(20) * patience();
    let (finished, ended) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or_default().to_owned();
    thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            // Past libtest's capture, which would be lost with the process.
            let _ = writeln!(io::stderr(), "watchdog: {name} hangs");
            process::exit(101);
        }
    });
    let result = test();
    drop(finished);
    result
}

/// How many times as long the limit is where all is slow: `ci/aarch64` emulates a processor.
fn patience() -> u32 {
    std::env::var("REVEILLE_PATIENCE").map_or(1, |times| times.parse().unwrap())
}
