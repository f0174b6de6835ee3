//! Ends a test that hangs.

use std::io::{self, Write};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Aborts the process unless it is dropped within three minutes, or `REVEILLE_WATCHDOG` seconds if that is less.
#[must_use]
pub struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    /// `what` is what did not end then.
    ///
    /// # Panics
    ///
    /// If `REVEILLE_WATCHDOG` is no number.
    pub fn new(what: &'static str) -> Self {
        let most = std::env::var("REVEILLE_WATCHDOG").map_or(180, |most| most.parse().expect("seconds"));
        let limit = Duration::from_secs(180.min(most));
        let (alive, gone) = mpsc::channel();
        thread::spawn(move || {
            if gone.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                // Past the capture of what tests print: nobody would show that after this.
                let _ = writeln!(io::stderr(), "watchdog: {what} did not end within {limit:?}");
                process::abort();
            }
        });
        Self { _alive: alive }
    }
}
