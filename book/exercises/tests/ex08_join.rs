//! Exercise 8: two at once. To chapter 8.
//!
//! `Join` polls two futures in one task, and is ready with both outputs when both are. Its fields are there, and the macro
//! `pin_project!` makes `project` for it, which gives pinned references to `one` and `other`, and plain ones to the rest. The poll is
//! not written:
//!
//! ```text
//! not yet implemented: poll both
//! ```
//!
//! Write it. Then do it once more without `pin_project!`, in safe code: what has to change in `Join` for that, and what does
//! it cost?
//!
//! Hint: a future that was ready must not be polled again. `one.as_mut()` borrows a pinned reference anew. For the second part: a
//! `Pin<Box<F>>` is itself `Unpin`.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

pin_project! {
    struct Join<A: Future, B: Future> {
        #[pin]
        one: A,
        #[pin]
        other: B,
        first: Option<A::Output>,
        second: Option<B::Output>,
    }
}

impl<A: Future, B: Future> Future for Join<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _this = (self.project(), cx);
        todo!("poll both")
    }
}

fn join<A: Future, B: Future>(one: A, other: B) -> Join<A, B> {
    Join {
        one,
        other,
        first: None,
        second: None,
    }
}

/// Waits so often, and writes down each poll. To poll it when it is complete is a panic, since it is an `async fn`.
async fn steps(log: &RefCell<Vec<String>>, name: &'static str, waits: u32) -> u32 {
    // A reference to a variable of the same future, across an await: this must not be moved.
    let mut polls = 0;
    let counted = &mut polls;
    poll_fn(|_| {
        *counted += 1;
        log.borrow_mut().push(format!("{name} {counted}"));
        if *counted > waits {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    polls
}

fn polled(one: u32, other: u32) -> (Vec<String>, (u32, u32)) {
    let log = RefCell::default();
    let mut join = pin!(join(steps(&log, "one", one), steps(&log, "other", other)));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..=one.max(other) {
        if let Poll::Ready(outputs) = join.as_mut().poll(&mut cx) {
            return (log.take(), outputs);
        }
    }
    panic!("both must have been ready by now: {:?}", log.take());
}

#[test]
fn both_are_polled_before_either_is_ready() {
    let (log, outputs) = polled(1, 1);
    assert_eq!(log, ["one 1", "other 1", "one 2", "other 2"]);
    assert_eq!(outputs, (2, 2));
}

#[test]
fn who_is_ready_waits_for_the_other_one() {
    let (log, outputs) = polled(0, 2);
    assert_eq!(log, ["one 1", "other 1", "other 2", "other 3"]);
    assert_eq!(outputs, (1, 3));
    let (log, outputs) = polled(2, 0);
    assert_eq!(log, ["one 1", "other 1", "one 2", "one 3"]);
    assert_eq!(outputs, (3, 1));
}
