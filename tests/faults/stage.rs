//! Where each test plays: every kind of runtime in turn, alone in its process, under a watchdog; the descriptors are
//! counted before and after.

use std::fs;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};

use crate::watchdog::Watchdog;

/// How long one test may take, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(90);

/// Plays `scene` on a current-thread runtime and on one with two workers, one test at a time.
pub(crate) fn on_each_runtime(what: &'static str, scene: impl Fn(&Runtime)) {
    let _alone = alone();
    let _watchdog = Watchdog::new(what, LIMIT);
    let baseline = open_descriptors();
    for mut builder in [Builder::current_thread(), two_workers()] {
        let runtime = builder.build().unwrap();
        scene(&runtime);
        // This waits for its threads, so that what they held is closed.
        drop(runtime);
        assert_eq!(open_descriptors(), baseline, "{what}: open descriptors");
    }
}

/// While this is held no other test opens or closes anything.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Polls `future` once, which must not be ready: from then on its task waits for it.
pub(crate) async fn waits<F: Future + Unpin>(future: &mut F) {
    poll_fn(|cx| {
        assert!(
            Pin::new(&mut *future).poll(cx).is_pending(),
            "there was nothing to wait for"
        );
        Poll::Ready(())
    })
    .await;
}

fn two_workers() -> Builder {
    let mut builder = Builder::multi_thread();
    builder.worker_threads(2);
    builder
}

/// 0 on both occasions where the system does not tell.
fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
