//! What the models' futures wait at.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::AtomicUsize;

use crate::primitive::{Mutex, Ordering, lock};

/// Opened once; ready from then on. Waits for one task.
///
/// Only the first poll takes the lock: a later one has nothing but its wake to tell it that the gate is open.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<GateState>);

struct GateState {
    open: AtomicUsize,
    waiting: Mutex<Waiting>,
    registered: Counter,
}

#[derive(Default)]
struct Waiting {
    open: bool,
    waker: Option<Waker>,
}

impl Default for GateState {
    fn default() -> Self {
        Self {
            open: AtomicUsize::new(0),
            waiting: Mutex::new(Waiting::default()),
            registered: Counter::new(0),
        }
    }
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.open.store(1, Ordering::Relaxed);
        let mut waiting = lock(&self.0.waiting);
        waiting.open = true;
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.registered.swap(1, Ordering::Relaxed) == 0 {
            let mut waiting = lock(&self.0.waiting);
            if waiting.open {
                return Poll::Ready(());
            }
            waiting.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match self.0.open.load(Ordering::Relaxed) {
            0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }
}
