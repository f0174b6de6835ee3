//! A clock that stands, a sorted map of who waits for it, and timeouts.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::runtime::{Shared, current};
use crate::story::{self, Event};

#[derive(Default)]
pub(crate) struct Timers {
    now: Duration,
    /// By deadline; the number tells those apart that are due at the same time.
    waiting: BTreeMap<(Duration, u64), Waker>,
    numbered: u64,
}

impl Timers {
    /// Goes on to the next deadline, and takes out who waits for it.
    pub(crate) fn step(&mut self) -> Option<Waker> {
        let ((deadline, timer), waker) = self.waiting.pop_first()?;
        story::tell(Event::Park(Some(deadline.saturating_sub(self.now))));
        self.now = self.now.max(deadline);
        story::set_time(self.now);
        story::tell(Event::TimerFire(timer));
        Some(waker)
    }
}

pub(crate) fn now() -> Duration {
    current().timers.lock().unwrap().now
}

pub(crate) async fn sleep(duration: Duration) {
    let sleep = Sleep {
        deadline: now() + duration,
        key: None,
        runtime: Arc::downgrade(&current()),
    };
    sleep.await;
}

/// What `future` gives within that time; else it is dropped.
pub(crate) async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    let (mut future, mut sleep) = (pin!(future), pin!(sleep(duration)));
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        sleep.as_mut().poll(cx).map(|()| None)
    })
    .await
}

struct Sleep {
    deadline: Duration,
    key: Option<(Duration, u64)>,
    /// It may be dropped where no runtime is current.
    runtime: Weak<Shared>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let runtime = self.runtime.upgrade().expect("it is polled by its runtime");
        let mut timers = runtime.timers.lock().unwrap();
        if timers.now >= self.deadline {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or((self.deadline, timers.numbered));
        timers.numbered += 1;
        self.key = Some(key);
        let replaced = timers.waiting.insert(key, cx.waker().clone());
        if replaced.is_none() {
            let (deadline, timer) = key;
            let place = None;
            story::tell(Event::TimerSet {
                timer,
                deadline,
                place,
            });
        }
        // A waker may be the last reference to a task, whose destructors may run any code.
        drop(timers);
        drop(replaced);
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
