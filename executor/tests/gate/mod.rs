//! A future that is opened from anywhere, and counts what happens to it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// The outside of a [`Gate`].
#[derive(Clone, Default)]
pub(crate) struct Key(Arc<State>);

#[derive(Default)]
struct State {
    open: AtomicBool,
    polls: AtomicUsize,
    drops: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

/// Ready once it was opened.
pub(crate) struct Gate(Arc<State>);

#[allow(dead_code, reason = "each test file uses some of it")]
impl Key {
    pub(crate) fn gate(&self) -> Gate {
        Gate(self.0.clone())
    }

    /// Opens the gate and wakes who waits at it.
    pub(crate) fn open(&self) {
        self.0.open.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Wakes who waits at the gate, without opening it.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker() {
            waker.wake();
        }
    }

    /// The waker of the latest poll.
    pub(crate) fn waker(&self) -> Option<Waker> {
        self.0.waker.lock().unwrap().clone()
    }

    /// As [`waker`](Self::waker); it keeps none.
    pub(crate) fn take_waker(&self) -> Option<Waker> {
        self.0.waker.lock().unwrap().take()
    }

    pub(crate) fn polls(&self) -> usize {
        self.0.polls.load(Ordering::SeqCst)
    }

    /// How many gates of this key were dropped.
    pub(crate) fn drops(&self) -> usize {
        self.0.drops.load(Ordering::SeqCst)
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.polls.fetch_add(1, Ordering::SeqCst);
        // The waker first, so that an `open` in between is not missed.
        let old = self.0.waker.lock().unwrap().replace(cx.waker().clone());
        drop(old);
        if self.0.open.load(Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, Ordering::SeqCst);
    }
}
