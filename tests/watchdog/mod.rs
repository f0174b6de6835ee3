//! Ends a test that hangs: a hang is a failure to be explained, never to be waited out.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Aborts the process with `what` on stderr unless it is dropped within `limit`.
#[must_use]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    pub(crate) fn new(what: &'static str, limit: Duration) -> Self {
        let (alive, gone) = mpsc::channel();
        thread::spawn(move || {
            if gone.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                eprintln!("watchdog: {what} did not end within {limit:?}");
                std::process::abort();
            }
        });
        Self { _alive: alive }
    }
}
