//! Waiting until a deadline, as in chapter 7.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::runtime::{Runtime, current};
use crate::story::{self, Event};

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
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<(u64, Waker)> {
        let mut due = Vec::new();
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 <= now) {
            due.push((first.key().1, first.remove()));
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
        if stale.is_none() {
            let deadline = story::time_of(self.deadline);
            let (timer, place) = (key.1, None);
            story::tell(Event::TimerSet {
                timer,
                deadline,
                place,
            });
        }
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
            if waker.is_some() {
                story::tell(Event::TimerCancel(key.1));
            }
            drop(waker);
        }
    }
}
