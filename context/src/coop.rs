//! Cooperation: how many operations a task may complete in one poll.
//!
//! A task whose sockets are always ready would never return to its executor. So every leaf operation of ours
//! (a read, an accept, a tick) asks [`poll_proceed`] first and hands one unit back only if it made no progress.
//! An executor sets the budget with [`enter`] before each poll; under an executor that does not, it is unlimited.

use std::cell::Cell;
use std::task::{Context, Poll, Waker};

use crate::cause::{self, Cause};
use crate::primitive::thread_local;

/// What one poll of a task may complete, as in tokio.
pub const BUDGET: u8 = 128;

/// Gives the poll that begins now a fresh budget; what was left of the outer one comes back with the guard.
#[must_use = "the budget ends when the guard is dropped"]
pub fn enter() -> Entered {
    Entered {
        previous: LEFT.with(|left| left.replace(Some(BUDGET))),
    }
}

/// As [`enter`], until [`end`], which brings nothing back: for loops that poll one task after the other, around which
/// [`keep`] is called once.
#[inline]
pub fn begin() {
    LEFT.with(|left| left.set(Some(BUDGET)));
}

/// Ends what [`begin`] began: there is no budget.
#[inline]
pub fn end() {
    LEFT.with(|left| left.set(None));
}

/// What is left now comes back with the guard.
#[must_use = "the budget is back when the guard is dropped"]
pub fn keep() -> Entered {
    Entered {
        previous: LEFT.with(Cell::get),
    }
}

/// Lifts the budget, for code that may complete as much as it likes; what was left comes back with the guard.
#[must_use = "the budget is back when the guard is dropped"]
pub fn unconstrained() -> Entered {
    Entered {
        previous: LEFT.with(|left| left.replace(None)),
    }
}

/// The budget from before comes back when this is dropped; made by [`enter`], [`keep`] and [`unconstrained`].
#[derive(Debug)]
pub struct Entered {
    previous: Option<u8>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        LEFT.with(|left| left.set(self.previous));
    }
}

// BOOK: ch05
/// Takes one unit of the budget. When none is left, wakes the task (so that it goes to the back of its queue) and
/// returns `Pending`.
///
/// The operation calls [`Progress::made`] when it completes, with success or error; a [`Progress`] that is
/// dropped without hands the unit back, since waiting costs nobody else anything.
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<Progress> {
    let before = LEFT.with(Cell::get);
    match before {
        Some(0) => {
            yield_by(cx.waker());
            Poll::Pending
        }
        Some(left) => {
            LEFT.with(|cell| cell.set(Some(left - 1)));
            Poll::Ready(Progress { before })
        }
        None => Poll::Ready(Progress { before }),
    }
}

/// Polls several operations of which one may complete, such as the branches of a `select!`. When none of the budget is left,
/// polls none, wakes the task and returns `Pending`, as [`poll_proceed`] does. When `poll` is ready and nothing was spent for
/// that, it costs one unit.
///
/// So a loop that always finds something complete lets others run in the end, also if what it finds knows no budget.
#[inline]
pub fn poll_counted<T>(cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let before = LEFT.with(Cell::get);
    if before == Some(0) {
        yield_by(cx.waker());
        return Poll::Pending;
    }
    let polled = poll(cx);
    if polled.is_ready() {
        LEFT.with(|left| {
            if left.get() == before {
                left.set(before.map(|before| before - 1));
            }
        });
    }
    polled
}

/// One unit of the budget, taken by [`poll_proceed`].
#[derive(Debug)]
pub struct Progress {
    before: Option<u8>,
}

impl Progress {
    /// The operation completed: the unit is spent.
    #[inline]
    pub fn made(mut self) {
        self.before = None;
    }
}

impl Drop for Progress {
    #[inline]
    fn drop(&mut self) {
        if self.before.is_some() {
            LEFT.with(|left| left.set(self.before));
        }
    }
}

thread_local! {
    /// `None` outside a poll that an executor of ours makes: unlimited.
    static LEFT: Cell<Option<u8>> = Cell::new(None);
}

/// Lets the others run. Not by a context, which would have to lie in memory where it was just made.
#[cold]
fn yield_by(waker: &Waker) {
    cause::with(Cause::Budget, || waker.wake_by_ref());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct CountWakes(AtomicUsize);

    impl Wake for CountWakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn an_exhausted_budget_wakes_the_task_and_yields() {
        let wakes = Arc::new(CountWakes::default());
        let waker = Waker::from(wakes.clone());
        let cx = &mut Context::from_waker(&waker);
        let _poll = enter();
        for _ in 0..BUDGET {
            let Poll::Ready(progress) = poll_proceed(cx) else {
                panic!("the budget ended early")
            };
            progress.made();
        }
        assert!(poll_proceed(cx).is_pending());
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_lifted_budget_comes_back_as_it_was() {
        let wakes = Arc::new(CountWakes::default());
        let waker = Waker::from(wakes.clone());
        let cx = &mut Context::from_waker(&waker);
        let _poll = enter();
        let spend = |cx: &mut Context<'_>, count: u8| {
            for _ in 0..count {
                let Poll::Ready(progress) = poll_proceed(cx) else {
                    panic!("the budget ended early")
                };
                progress.made();
            }
        };
        spend(cx, BUDGET - 1);
        {
            let _lifted = unconstrained();
            spend(cx, BUDGET);
        }
        spend(cx, 1);
        assert!(poll_proceed(cx).is_pending());
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_loop_within_a_poll_brings_its_budget_back_once() {
        let cx = &mut Context::from_waker(Waker::noop());
        let spend = |cx: &mut Context<'_>| match poll_proceed(cx) {
            Poll::Ready(progress) => progress.made(),
            Poll::Pending => panic!("the budget ended early"),
        };
        let _poll = enter();
        spend(cx);
        {
            let _kept = keep();
            for _ in 0..2 {
                begin();
                (0..BUDGET).for_each(|_| spend(cx));
                assert!(poll_proceed(cx).is_pending());
                end();
                (0..=BUDGET).for_each(|_| spend(cx));
            }
        }
        (1..BUDGET).for_each(|_| spend(cx));
        assert!(poll_proceed(cx).is_pending());
    }

    #[test]
    fn one_of_several_costs_a_unit_whether_it_knows_the_budget_or_not() {
        let wakes = Arc::new(CountWakes::default());
        let waker = Waker::from(wakes.clone());
        let cx = &mut Context::from_waker(&waker);
        let _poll = enter();
        for round in 0..BUDGET {
            let polled = poll_counted(cx, |cx| match round % 2 {
                0 => poll_proceed(cx).map(Progress::made),
                _ => Poll::Ready(()),
            });
            assert!(polled.is_ready(), "the budget ended early");
            assert!(poll_counted(cx, |_| Poll::<()>::Pending).is_pending());
        }
        // The wait of the last round, for which nothing was left.
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert!(poll_counted(cx, |_| -> Poll<()> { unreachable!("nothing is left") }).is_pending());
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
        let _lifted = unconstrained();
        for _ in 0..1000 {
            assert!(poll_counted(cx, |_| Poll::Ready(())).is_ready());
        }
    }

    #[test]
    fn waiting_costs_nothing() {
        let cx = &mut Context::from_waker(Waker::noop());
        let _poll = enter();
        for _ in 0..1000 {
            assert!(
                poll_proceed(cx).is_ready(),
                "a unit that made no progress was kept"
            );
        }
    }

    #[test]
    fn outside_an_executor_the_budget_has_no_end() {
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..1000 {
            let Poll::Ready(progress) = poll_proceed(cx) else {
                panic!("there is no budget here")
            };
            progress.made();
        }
    }
}
