//! Streams slowed down and thinned out. The clock is the machine's, or stands; nothing is measured.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_lite::stream;
use reveille_timer::{Clock, Duration, Instant, Timers, debounce, throttle};

mod probe;

use probe::Count;

const SECOND: Duration = Duration::from_secs(1);

fn next<S: Stream + Unpin>(stream: &mut S, waker: &Waker) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker))
}

/// Runs `test` on a clock that stands; what it is given moves the clock by a second.
fn on_a_standing_clock(test: impl FnOnce(&dyn Fn())) {
    let clock = Clock::new_paused();
    let timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
    let _entered = timers.handle().enter();
    test(&|| {
        let end = clock.now() + SECOND;
        let mut woken = Vec::new();
        while clock.step(&[timers.handle()], Some(end), &mut woken) {}
        clock.advance_to(end);
        woken.into_iter().for_each(Waker::wake);
    });
}

#[test]
fn a_throttled_stream_gives_one_item_each_time_and_leaves_none_out() {
    on_a_standing_clock(|go_on| {
        let mut slow = throttle(SECOND, stream::iter(0..3));
        for expected in 0..3 {
            assert_eq!(next(&mut slow, Waker::noop()), Poll::Ready(Some(expected)));
            let (count, waker) = Count::new();
            assert!(next(&mut slow, &waker).is_pending());
            assert_eq!(count.get(), 0);
            go_on();
            assert_eq!(count.get(), 1);
        }
        assert_eq!(next(&mut slow, Waker::noop()), Poll::Ready(None));
    });
}

#[test]
fn the_pause_of_a_throttled_stream_counts_from_the_last_item() {
    on_a_standing_clock(|go_on| {
        let mut slow = throttle(SECOND, stream::iter(0..3));
        assert_eq!(next(&mut slow, Waker::noop()), Poll::Ready(Some(0)));
        (0..5).for_each(|_| go_on());
        assert_eq!(next(&mut slow, Waker::noop()), Poll::Ready(Some(1)));
        assert!(
            next(&mut slow, Waker::noop()).is_pending(),
            "pauses were saved up"
        );
    });
}

#[test]
fn of_items_that_come_close_together_the_last_one_comes_out() {
    on_a_standing_clock(|go_on| {
        let here = Cell::new(None);
        let typed = stream::poll_fn(|_| match here.take() {
            Some(item) => Poll::Ready(Some(item)),
            None => Poll::Pending,
        });
        let mut calm = debounce(2 * SECOND, typed);
        for item in 0..5 {
            here.set(Some(item));
            assert!(
                next(&mut calm, Waker::noop()).is_pending(),
                "{item} was not waited for"
            );
            go_on();
        }
        let (count, waker) = Count::new();
        assert!(next(&mut calm, &waker).is_pending());
        go_on();
        assert_eq!(count.get(), 1);
        assert_eq!(next(&mut calm, Waker::noop()), Poll::Ready(Some(4)));
        assert!(next(&mut calm, Waker::noop()).is_pending());
    });
}

#[test]
fn the_end_lets_the_last_item_out_at_once() {
    let start = Instant::now();
    let mut calm = debounce(Duration::MAX, stream::iter(0..3));
    assert_eq!(calm.size_hint(), (0, Some(3)));
    assert_eq!(next(&mut calm, Waker::noop()), Poll::Ready(Some(2)));
    assert_eq!(next(&mut calm, Waker::noop()), Poll::Ready(None));
    assert_eq!(next(&mut calm, Waker::noop()), Poll::Ready(None));
    assert!(start <= Instant::now());
}

#[test]
fn the_stream_inside_is_within_reach() {
    on_a_standing_clock(|_| {
        let mut slow = throttle(SECOND, stream::iter(0..3));
        assert_eq!(slow.size_hint(), (3, Some(3)));
        assert_eq!(next(&mut slow, Waker::noop()), Poll::Ready(Some(0)));
        assert_eq!(slow.get_ref().size_hint(), (2, Some(2)));
        assert_eq!(
            next(slow.get_mut(), Waker::noop()),
            Poll::Ready(Some(1)),
            "without a pause"
        );
        assert_eq!(next(&mut slow.into_inner(), Waker::noop()), Poll::Ready(Some(2)));
    });
}
