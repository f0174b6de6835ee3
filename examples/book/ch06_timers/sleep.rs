//! Waiting until a deadline, and waiting for something no longer than that.

use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::tick_of;
use crate::runtime::{Runtime, current};
use crate::story::{self, Event};
use crate::wheel::Key;

// ANCHOR: sleep
/// Waits until `duration` has passed since this call.
pub(crate) fn sleep(duration: Duration) -> Sleep {
    let runtime = current();
    let now = runtime.time.lock().unwrap().clock.now();
    Sleep {
        deadline: tick_of(now + duration),
        key: None,
        runtime: Arc::downgrade(&runtime),
    }
}

pub(crate) struct Sleep {
    deadline: u64,
    /// Once it has been polled.
    key: Option<Key>,
    runtime: Weak<Runtime>,
}
// ANCHOR_END: sleep

// ANCHOR: poll
impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let runtime = self.runtime.upgrade().expect("its runtime is there");
        let mut time = runtime.time.lock().unwrap();
        if time.clock.tick() >= self.deadline {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let known = self.key.and_then(|key| time.wheel.get_mut(key));
        let stale = match known {
            Some(known) => Some(mem::replace(known, waker)),
            None => {
                let place = Some(time.wheel.place(self.deadline));
                let key = time.wheel.insert(self.deadline, waker);
                self.key = Some(key);
                story::tell(Event::TimerSet {
                    timer: key.id,
                    deadline: Duration::from_millis(self.deadline),
                    place,
                });
                None
            }
        };
        drop(time);
        // Not under the lock: with the last waker of a task the task goes, and with it perhaps another sleep.
        drop(stale);
        // Another thread may have polled this, while the loop sleeps until a later deadline.
        runtime.parker.unpark();
        Poll::Pending
    }
}
// ANCHOR_END: poll

// ANCHOR: drop
/// To drop a sleep is to cancel it.
impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(key), Some(runtime)) = (self.key, self.runtime.upgrade()) {
            let waker = runtime.time.lock().unwrap().wheel.remove(key);
            if waker.is_some() {
                story::tell(Event::TimerCancel(key.id));
            }
            drop(waker);
        }
    }
}
// ANCHOR_END: drop

// ANCHOR: timeout
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
// ANCHOR_END: timeout
