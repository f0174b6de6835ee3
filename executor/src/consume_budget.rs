//! Giving way in a computation, but only when it is time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_context::coop;

// BOOK: ch09
/// Counts as one operation: takes one unit of the task's budget, and lets others run first if none is left.
///
/// For loops that await nothing which could give way. Cheaper than [`yield_now`](crate::yield_now), which always goes to
/// the back of the queue. Under another executor there is no budget, and this is ready at once.
///
/// # Cancel safety
///
/// Safe: dropping it has no effect.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, consume_budget};
///
/// let sum = CurrentThread::new(ThreadPark::new()).block_on(async {
///     let mut sum = 0_u64;
///     for number in 0..1_000 {
///         sum += number;
///         consume_budget().await;
///     }
///     sum
/// });
/// assert_eq!(sum, 499_500);
/// ```
pub fn consume_budget() -> ConsumeBudget {
    ConsumeBudget(())
}

/// The future of [`consume_budget`].
///
/// See [`consume_budget`] for an example.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct ConsumeBudget(());

impl Future for ConsumeBudget {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        coop::poll_proceed(cx).map(coop::Progress::made)
    }
}
