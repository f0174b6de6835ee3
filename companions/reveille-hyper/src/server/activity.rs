//! What happens on a connection, as far as its overseer asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use reveille::time::Instant;

/// Of one connection, whose socket and requests write to it.
#[derive(Debug)]
pub(super) struct Activity {
    /// Requests that have come and are not yet answered to the end.
    in_flight: AtomicUsize,
    /// When there were none the last time, counted from `start` in nanoseconds.
    idle_since: AtomicU64,
    start: Instant,
    has_begun: AtomicBool,
    writes: AtomicU64,
    /// The peer takes no more for now.
    is_full: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            in_flight: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            start: Instant::now(),
            has_begun: AtomicBool::new(false),
            writes: AtomicU64::new(0),
            is_full: AtomicBool::new(false),
        }
    }

    /// HTTP/1 is known to be spoken, or a request has come over HTTP/2.
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Something was written, or had no room. Only the socket calls this, so it need not be one step.
    pub(super) fn write(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
        if !is_full {
            let writes = self.writes.load(Ordering::Relaxed);
            self.writes.store(writes + 1, Ordering::Relaxed);
        }
    }

    /// How often something was written.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Since when there has been no request, if there is none.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        // Pairs with the Release in `drop`: who sees zero sees since when.
        (self.in_flight.load(Ordering::Acquire) == 0)
            .then(|| self.start + Duration::from_nanos(self.idle_since.load(Ordering::Relaxed)))
    }

    /// The same, if nothing of a response waits for the peer to take it either.
    pub(super) fn at_rest_since(&self) -> Option<Instant> {
        self.idle_since()
            .filter(|_| !self.is_full.load(Ordering::Relaxed))
    }
}

/// A request that is not yet answered to the end.
#[derive(Debug)]
pub(super) struct Request(Arc<Activity>);

impl Request {
    pub(super) fn new(activity: &Arc<Activity>) -> Self {
        activity.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(activity.clone())
    }

    /// From here on the connection always has a request, also when this one is dropped.
    pub(super) fn stay(&self) {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // Several streams may end at once, on different threads: the latest counts.
        let since = self.0.start.elapsed().as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.0.idle_since.fetch_max(since, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_idle_since_the_last_of_several_requests_ended() {
        let activity = Arc::new(Activity::new());
        assert_eq!(activity.idle_since(), Some(activity.start));
        let one = Request::new(&activity);
        let two = Request::new(&activity);
        drop(one);
        assert_eq!(activity.idle_since(), None);
        let before = Instant::now();
        drop(two);
        assert!(activity.idle_since().unwrap() >= before);
        assert!(activity.idle_since().unwrap() <= Instant::now());
    }
}
