//! A stream slowed down.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::instant::Instant;
use crate::sleep::Sleep;

/// Lets at least `duration` go by between one item of `stream` and the next. No item is left out: a stream that is faster has to
/// wait. The first comes as soon as it is there.
///
/// # Examples
///
/// ```
/// use futures_lite::{StreamExt, stream};
/// use reveille_timer::{Duration, Instant, throttle};
///
/// pollster::block_on(async {
///     let start = Instant::now();
///     let mut slow = throttle(Duration::from_millis(2), stream::iter(["one", "two", "three"]));
///     while let Some(_) = slow.next().await {}
///     assert!(start.elapsed() >= Duration::from_millis(4));
/// });
/// ```
#[track_caller]
pub fn throttle<S: Stream>(duration: Duration, stream: S) -> Throttle<S> {
    Throttle {
        stream,
        duration,
        delay: Sleep::new(Instant::now(), Location::caller()),
        waits: false,
    }
}

pin_project! {
    /// The stream of [`throttle`].
    ///
    /// **Cancel safety**: an item comes out or stays in.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct Throttle<S> {
        #[pin]
        stream: S,
        duration: Duration,
        delay: Sleep,
        // The time after an item is not over.
        waits: bool,
    }
}

impl<S> Throttle<S> {
    /// The stream that is slowed down.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream that is slowed down.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream as it was.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Stream> Stream for Throttle<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if *this.waits {
            ready!(Pin::new(&mut *this.delay).poll(cx));
            *this.waits = false;
        }
        let item = ready!(this.stream.poll_next(cx));
        if item.is_some() {
            this.delay.reset(Instant::now() + *this.duration);
            *this.waits = true;
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}
