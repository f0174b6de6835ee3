//! Ends a test that hangs: a hang is a failure to be explained, never to be waited out.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Aborts the process with `what` on stderr unless it is dropped within `limit`, or within `REVEILLE_WATCHDOG` seconds if that
/// is less: `ci/plant` wants tests to hang, and need not wait for long.
#[must_use]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    pub(crate) fn new(what: &'static str, limit: Duration) -> Self {
        let most = std::env::var("REVEILLE_WATCHDOG").map_or(u64::MAX, |most| most.parse().unwrap());
        let limit = limit.min(Duration::from_secs(most)) * patience();
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

/// How many times as long the limit is where all is slow: `ci/aarch64` emulates a processor.
fn patience() -> u32 {
    std::env::var("REVEILLE_PATIENCE").map_or(1, |times| times.parse().unwrap())
}
