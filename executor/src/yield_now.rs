//! Letting others run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Goes to the back of the queue once, so that every task that is ready now runs first. (The root future of a
/// `block_on` is in no queue: up to 32 tasks run before it goes on.)
///
/// Sockets and timers are looked at by the executor's own rule (on time, not for every yield). Works under any
/// executor.
///
/// # Cancel safety
///
/// Safe: dropping it has no effect.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, yield_now};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     yield_now().await;
/// });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

// BOOK: ch01
/// The future of [`yield_now`].
///
/// See [`yield_now`] for an example.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
