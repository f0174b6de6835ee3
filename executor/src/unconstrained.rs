//! A future outside the budget.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use reveille_context::coop;

/// Lets `future` complete as many operations in one poll as it likes. A future that is always ready then keeps its thread
/// from everything else.
///
/// # Cancel safety
///
/// As safe as `future` is.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, consume_budget, unconstrained};
///
/// CurrentThread::new(ThreadPark::new()).block_on(unconstrained(async {
///     for _ in 0..1_000 {
///         // Never gives way.
///         consume_budget().await;
///     }
/// }));
/// ```
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project! {
    /// The future of [`unconstrained`].
    ///
    /// See [`unconstrained`] for an example.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _lifted = coop::unconstrained();
        self.project().future.poll(cx)
    }
}
