//! A future whose panics end nothing but itself.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::story::{self, Event};

pub(crate) type Payload = Box<dyn Any + Send>;

pub(crate) struct Contained<F> {
    /// `None` once it is over.
    future: Option<Pin<Box<F>>>,
}

impl<F> Contained<F> {
    pub(crate) fn new(future: F) -> Self {
        let future = Some(Box::pin(future));
        Self { future }
    }
}

// ANCHOR: contained
impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_mut().expect("it is not polled when it is over");
        // What it has left half done is dropped below, and nobody sees it again.
        let result = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => {
                story::tell(Event::Panic);
                Err(payload)
            }
        };
        // Before anybody hears of its end; and its destructors are its code as well.
        let future = self.future.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        Poll::Ready(dropped.and(result))
    }
}
// ANCHOR_END: contained
