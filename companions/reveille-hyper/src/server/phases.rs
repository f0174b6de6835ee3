//! What the server is about, told to all of its connections.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use reveille::time;
use tokio::sync::watch;

/// How long a connection that is cut off may take for its end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the server is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    Serving,
    /// What runs is finished; nothing new begins.
    Draining,
    /// Nothing is waited for any more.
    Cut,
}

/// The server's side.
pub(super) struct Phases {
    sender: watch::Sender<Phase>,
    current: Arc<AtomicU8>,
}

impl Phases {
    pub(super) fn new() -> Self {
        Self {
            sender: watch::Sender::new(Phase::Serving),
            current: Arc::new(AtomicU8::new(Phase::Serving as u8)),
        }
    }

    /// For a new connection, while the server serves.
    pub(super) fn follow(&self) -> Follower {
        Follower {
            receiver: self.sender.subscribe(),
            current: self.current.clone(),
            seen: Phase::Serving,
        }
    }

    /// Has all connections finish, and waits until they have ended. Those that do not within `timeout` are cut off; so many
    /// they were.
    pub(super) async fn drain(&self, timeout: Option<Duration>) -> usize {
        self.enter(Phase::Draining);
        let all_ended = self.sender.closed();
        let Some(timeout) = timeout else {
            all_ended.await;
            return 0;
        };
        if time::timeout(timeout, all_ended).await.is_ok() {
            return 0;
        }
        let cut = self.sender.receiver_count();
        self.enter(Phase::Cut);
        // Of what is cut off the hook is told before the server ends, unless a task that blocks keeps it from that.
        drop(time::timeout(LAST_WORDS, self.sender.closed()).await);
        cut
    }

    fn enter(&self, phase: Phase) {
        // First, since whoever is told looks here.
        self.current.store(phase as u8, Ordering::Relaxed);
        self.sender.send_replace(phase);
    }
}

impl Drop for Phases {
    /// Whoever still runs finishes, but is not waited for.
    fn drop(&mut self) {
        if *self.sender.borrow() == Phase::Serving {
            self.enter(Phase::Draining);
        }
    }
}

/// A connection's side.
#[derive(Debug)]
pub(super) struct Follower {
    receiver: watch::Receiver<Phase>,
    current: Arc<AtomicU8>,
    seen: Phase,
}

impl Follower {
    /// Waits for the next phase.
    ///
    /// A connection polls this each time that it is polled, and polling the channel takes a lock that others take, too. So that
    /// is done once for a waker, and then when there is something new.
    pub(super) async fn next(&mut self) -> Phase {
        let changed = {
            let seen = self.seen as u8;
            let mut changed = pin!(self.receiver.changed());
            let mut told: Option<Waker> = None;
            poll_fn(|cx| {
                let will_be_told = told.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
                if will_be_told && self.current.load(Ordering::Relaxed) == seen {
                    return Poll::Pending;
                }
                told = Some(cx.waker().clone());
                changed.as_mut().poll(cx)
            })
            .await
        };
        if changed.is_err() {
            // The server is gone, and said so before.
            std::future::pending().await
        }
        self.seen = *self.receiver.borrow_and_update();
        self.seen
    }
}
