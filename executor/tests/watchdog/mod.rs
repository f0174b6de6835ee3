//! Fails a test that hangs instead of letting it hang.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Runs `test` on a thread of its own. The limit is far above what it takes; a test that reaches it is stuck.
/// `REVEILLE_STRESS=full`, with which some run for long, raises it.
pub(crate) fn watched<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = channel();
    let thread = thread::spawn(move || {
        let output = test();
        let _ = done.send(());
        output
    });
    let limit = match std::env::var("REVEILLE_STRESS") {
        Ok(full) if full == "full" => Duration::from_secs(3600),
        _ => Duration::from_secs(30) * patience(),
    };
    if is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        panic!(
            "watchdog: the test has not ended after {limit:?}: a wake was lost, or a lock is held for ever"
        );
    }
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// How many times as long the limit is where all is slow: `ci/aarch64` emulates a processor.
fn patience() -> u32 {
    std::env::var("REVEILLE_PATIENCE").map_or(1, |times| times.parse().unwrap())
}
