//! Waiting until a deadline. The timers lie in the sorted map that chapter 6 compares its wheel with.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::runtime::{Runtime, current};

#[derive(Default)]
pub(crate) struct Timers {
    next_id: u64,
    /// By their deadlines. The number tells those of one deadline apart.
    waiting: BTreeMap<Key, Waker>,
}

type Key = (Instant, u64);

impl Timers {
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|&(deadline, _)| deadline)
    }

    /// Takes out who is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Waker> {
        let mut due = Vec::new();
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        due
    }
}

/// Waits until `duration` has passed since this call.
pub(crate) fn sleep(duration: Duration) -> Sleep {
    Sleep {
        deadline: Instant::now() + duration,
        key: None,
        runtime: Arc::downgrade(&current()),
    }
}

pub(crate) struct Sleep {
    deadline: Instant,
    /// Once it has been polled.
    key: Option<Key>,
    runtime: Weak<Runtime>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(());
        }
        let runtime = self.runtime.upgrade().expect("its runtime is there");
        let waker = cx.waker().clone();
        let mut timers = runtime.timers.lock().unwrap();
        let key = match self.key {
            Some(key) => key,
            None => {
                timers.next_id += 1;
                (self.deadline, timers.next_id)
            }
        };
        self.key = Some(key);
        let stale = timers.waiting.insert(key, waker);
        drop(timers);
        drop(stale);
        runtime.unpark();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(key), Some(runtime)) = (self.key, self.runtime.upgrade()) {
            let waker = runtime.timers.lock().unwrap().waiting.remove(&key);
            drop(waker);
        }
    }
}

/// The output of `future`, or `None` if that takes longer than `duration`.
pub(crate) async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = pin!(sleep(duration));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
    })
    .await
}
