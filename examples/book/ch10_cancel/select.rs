//! The first of two futures.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

// ANCHOR: select
pub(crate) enum Either<A, B> {
    Left(A),
    Right(B),
}

/// Waits for whichever is ready first, the left one if both are; drops both.
pub(crate) async fn select<A: Future, B: Future>(left: A, right: B) -> Either<A::Output, B::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx| {
        if let Poll::Ready(output) = left.as_mut().poll(cx) {
            return Poll::Ready(Either::Left(output));
        }
        right.as_mut().poll(cx).map(Either::Right)
    })
    .await
}
// ANCHOR_END: select
