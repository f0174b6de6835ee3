//! A future with a deadline.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pin_project_lite::pin_project;
use reveille_context::coop;

use crate::error::Elapsed;
use crate::instant::Instant;
use crate::sleep::Sleep;

/// Gives `future` the time `duration`, counted from this call, to complete.
///
/// The future is polled first: one that is ready succeeds, however late it is, and the timer is not touched. A
/// duration that is too long for the platform's clock, such as `Duration::MAX`, means no limit.
///
/// # Errors
///
/// [`Elapsed`] when the time is over; the future is dropped with the [`Timeout`].
///
/// **Cancel safety**: as safe as `future` itself, which is dropped along with it.
///
/// # Examples
///
/// ```
/// use std::future;
/// use reveille_timer::{Duration, timeout};
///
/// pollster::block_on(async {
///     assert_eq!(timeout(Duration::from_secs(1), async { 7 }).await, Ok(7));
///     assert!(timeout(Duration::from_millis(1), future::pending::<()>()).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        delay: Sleep::starting_now(duration, Location::caller()),
    }
}

/// Gives `future` until `deadline` to complete; otherwise like [`timeout`].
///
/// # Errors
///
/// [`Elapsed`] when the deadline has passed; the future is dropped with the [`Timeout`].
///
/// **Cancel safety**: as safe as `future` itself, which is dropped along with it.
///
/// # Examples
///
/// ```
/// use std::future;
/// use reveille_timer::{Instant, timeout_at};
///
/// pollster::block_on(async {
///     let now = Instant::now();
///     assert_eq!(timeout_at(now, future::ready(7)).await, Ok(7));
///     assert!(timeout_at(now, future::pending::<()>()).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        delay: Sleep::new(deadline, Location::caller()),
    }
}

// BOOK: ch08
pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited or polled"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        delay: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future that is being timed.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future that is being timed.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future without its deadline.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = has_budget();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // A future that spends the whole budget in every poll must not outlive its deadline for that. But one who
        // came without a budget goes to the back of the queue, or a loop of timeouts would never yield.
        let _budget = (had_budget && !has_budget()).then(coop::enter);
        Pin::new(this.delay).poll(cx).map(|()| Err(Elapsed::new()))
    }
}

/// Whether the task may go on in this poll; asking costs nothing of the budget and wakes nobody.
fn has_budget() -> bool {
    coop::poll_proceed(&mut Context::from_waker(Waker::noop())).is_ready()
}
