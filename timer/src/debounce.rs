//! Of items that come close together the last one.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use pin_project_lite::pin_project;
use reveille_context::coop;

use crate::instant::Instant;
use crate::sleep::Sleep;

/// Yields an item of `stream` once no other has followed it for `duration`; the ones before it are dropped. When the stream
/// ends, its last item comes at once.
///
/// # Examples
///
/// ```
/// use futures_lite::{StreamExt, stream};
/// use reveille_timer::{Duration, debounce};
///
/// pollster::block_on(async {
///     let typed = stream::iter(["r", "re", "rev"]).chain(stream::pending());
///     let mut searched = debounce(Duration::from_millis(1), typed);
///     assert_eq!(searched.next().await, Some("rev"));
/// });
/// ```
#[track_caller]
pub fn debounce<S: Stream>(duration: Duration, stream: S) -> Debounce<S> {
    Debounce {
        stream,
        duration,
        delay: Sleep::new(Instant::now(), Location::caller()),
        latest: None,
        is_done: false,
    }
}

pin_project! {
    /// The stream of [`debounce`].
    ///
    /// **Cancel safety**: an item comes out, or stays in until another one follows it.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct Debounce<S: Stream> {
        #[pin]
        stream: S,
        duration: Duration,
        delay: Sleep,
        latest: Option<S::Item>,
        is_done: bool,
    }
}

impl<S: Stream> Stream for Debounce<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        while !*this.is_done {
            // A stream that always has another item must let others run, too.
            let progress = ready!(coop::poll_proceed(cx));
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    progress.made();
                    *this.latest = Some(item);
                    this.delay.reset(Instant::now() + *this.duration);
                }
                Poll::Ready(None) => *this.is_done = true,
                Poll::Pending => {
                    if this.latest.is_none() {
                        return Poll::Pending;
                    }
                    ready!(Pin::new(&mut *this.delay).poll(cx));
                    return Poll::Ready(this.latest.take());
                }
            }
        }
        Poll::Ready(this.latest.take())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let kept = usize::from(self.latest.is_some());
        // Of all that follow only the last need come.
        let more = if self.is_done {
            Some(0)
        } else {
            self.stream.size_hint().1
        };
        (kept, more.and_then(|more| more.checked_add(kept)))
    }
}
