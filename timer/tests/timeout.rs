//! A future with a deadline: who wins, and what it costs.

use std::future::{self, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker, ready};

use reveille_context::coop;
use reveille_timer::{Duration, Instant, Timers, sleep, timeout, timeout_at};

mod probe;

use probe::{Count, poll, watchdog};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[test]
fn a_ready_future_touches_no_timer() {
    let (unparks, unparker) = Count::new();
    let mut timers = Timers::new(unparker);
    let _entered = timers.handle().enter();
    assert_eq!(timers.wait(), None);
    let mut timed = timeout(HOUR, future::ready(7));
    assert_eq!(poll(&mut timed, Waker::noop()), Poll::Ready(Ok(7)));
    assert!(timers.handle().is_empty());
    assert_eq!(unparks.get(), 0, "it was in the wheel for a while");
}

#[test]
fn a_ready_future_wins_over_a_deadline_that_has_passed() {
    let mut timed = timeout_at(Instant::now(), future::ready(7));
    assert_eq!(poll(&mut timed, Waker::noop()), Poll::Ready(Ok(7)));
}

#[test]
fn a_future_that_comes_too_late_is_cut_off() {
    watchdog(|| {
        let deadline = Instant::now() + Duration::from_millis(2);
        let result = pollster::block_on(timeout_at(deadline, sleep(HOUR)));
        assert!(result.is_err());
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn dropping_a_timeout_takes_its_timer_out() {
    let timers = Timers::new(Waker::noop().clone());
    let _entered = timers.handle().enter();
    let mut timed = timeout(HOUR, future::pending::<()>());
    assert!(poll(&mut timed, Waker::noop()).is_pending());
    assert_eq!(timers.handle().len(), 1);
    let inner = timed.into_inner();
    assert!(timers.handle().is_empty());
    drop(inner);
}

#[test]
fn the_future_inside_is_within_reach() {
    let mut timed = timeout(HOUR, future::ready(7));
    assert_eq!(timed.get_ref().clone().into_inner(), 7);
    *timed.get_mut() = future::ready(8);
    assert_eq!(timed.into_inner().into_inner(), 8);
}

/// It spends the whole budget in every poll.
async fn greedy() {
    poll_fn(|cx: &mut Context<'_>| -> Poll<()> {
        loop {
            ready!(coop::poll_proceed(cx)).made();
        }
    })
    .await;
}

#[test]
fn a_future_that_uses_up_the_budget_still_has_a_deadline() {
    let mut timed = pin!(timeout(Duration::ZERO, greedy()));
    let _poll = coop::enter();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(timed.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
}

#[test]
fn a_loop_of_timeouts_yields() {
    let _poll = coop::enter();
    let (count, waker) = Count::new();
    let cut_off = (0..1000)
        .take_while(|_| poll(&mut timeout(Duration::ZERO, future::pending::<()>()), &waker).is_ready())
        .count();
    assert_eq!(cut_off, usize::from(coop::BUDGET));
    assert_eq!(count.get(), 1, "nobody would poll the task again");
}

#[test]
fn a_deadline_that_has_passed_is_an_error_of_input_and_output_too() {
    let late = timeout(Duration::ZERO, std::future::pending::<()>());
    let elapsed = pollster::block_on(late).unwrap_err();
    let error = std::io::Error::from(elapsed);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "deadline has elapsed");
}
