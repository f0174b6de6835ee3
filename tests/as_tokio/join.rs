//! What `join!` and `try_join!` do, ours and tokio's.

use std::cell::{Cell, RefCell};
use std::future::{self, Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::watchdog::Watchdog;
use super::{join, try_join};

/// Says when it is dropped.
struct Noted<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

/// Notes each of its polls, and is pending for so many.
fn ready_after<'a, T: Unpin + 'a>(
    polls: usize,
    output: T,
    number: u8,
    order: &'a RefCell<Vec<u8>>,
) -> impl Future<Output = T> + Unpin + 'a {
    let (mut left, mut output) = (polls, Some(output));
    poll_fn(move |_| {
        order.borrow_mut().push(number);
        if left == 0 {
            return Poll::Ready(output.take().expect("polled once more after it was complete"));
        }
        left -= 1;
        Poll::Pending
    })
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_outputs_come_in_the_order_of_the_futures() {
    reveille::block_on(async {
        let late = async {
            reveille::task::yield_now().await;
            1
        };
        assert_eq!(join!(late, future::ready("two"), async { [3] }), (1, "two", [3]));
        assert_eq!(join!(future::ready(1)), (1,));
        assert_eq!(join!(future::ready(1), future::ready(2),), (1, 2));
        assert_eq!(join!(biased; future::ready(1), future::ready(2)), (1, 2));
        let () = join!();
        let () = join!(biased;);
    });
}

#[test]
fn a_poll_polls_all_that_are_not_complete_and_begins_one_further_than_the_last() {
    let order = RefCell::new(Vec::new());
    let waits = |polls, number| ready_after(polls, number, number, &order);
    let mut joining = pin!(async { join!(waits(1, 0), waits(3, 1), waits(4, 2)) });
    let expected: [&[u8]; 4] = [&[0, 1, 2], &[1, 2, 0], &[2, 1], &[1, 2]];
    for expected in expected {
        assert!(poll_once(joining.as_mut()).is_pending());
        assert_eq!(order.take(), expected);
    }
    assert_eq!(poll_once(joining.as_mut()), Poll::Ready((0, 1, 2)));
    assert_eq!(order.take(), [2]);
}

#[test]
fn biased_always_begins_with_the_first() {
    let order = RefCell::new(Vec::new());
    let waits = |number| ready_after(3, Ok::<_, ()>(number), number, &order);
    let mut joining = pin!(async { join!(biased; waits(0), waits(1), waits(2)) });
    let mut trying = pin!(async { try_join!(biased; waits(0), waits(1), waits(2)) });
    for _ in 0..3 {
        assert!(poll_once(joining.as_mut()).is_pending());
        assert_eq!(order.take(), [0, 1, 2]);
        assert!(poll_once(trying.as_mut()).is_pending());
        assert_eq!(order.take(), [0, 1, 2]);
    }
    assert!(poll_once(joining.as_mut()).is_ready());
    assert_eq!(poll_once(trying.as_mut()), Poll::Ready(Ok((0, 1, 2))));
}

#[test]
fn a_future_is_dropped_when_it_is_complete() {
    let notes = RefCell::new(Vec::new());
    let noted = Noted(&notes, "future");
    let complete = poll_fn(move |_| {
        let _ = &noted;
        Poll::Ready(Ok::<_, ()>(()))
    });
    let mut joining = pin!(async { join!(complete, future::pending::<()>()) });
    assert!(poll_once(joining.as_mut()).is_pending());
    assert_eq!(notes.take(), ["future"]);

    let noted = Noted(&notes, "future that can fail");
    let complete = poll_fn(move |_| {
        let _ = &noted;
        Poll::Ready(Ok::<_, ()>(()))
    });
    let mut trying = pin!(async { try_join!(complete, future::pending::<Result<(), ()>>()) });
    assert!(poll_once(trying.as_mut()).is_pending());
    assert_eq!(notes.take(), ["future that can fail"]);
}

#[test]
fn what_uses_up_the_budget_starves_none_of_the_others() {
    use reveille::task::consume_budget;

    let _watchdog = Watchdog::new("a join of which one is greedy", Duration::from_secs(60));
    reveille::block_on(async {
        let done = Cell::new(false);
        let greedy = async {
            while !done.get() {
                consume_budget().await;
            }
        };
        let modest = async {
            for _ in 0..3 {
                consume_budget().await;
            }
            done.set(true);
        };
        join!(greedy, modest);

        done.set(false);
        let greedy = async {
            while !done.get() {
                consume_budget().await;
            }
            Ok(())
        };
        let modest = async {
            consume_budget().await;
            done.set(true);
            Result::<(), ()>::Ok(())
        };
        assert_eq!(try_join!(greedy, modest), Ok(((), ())));
    });
}

#[test]
fn when_all_succeed_their_values_come() {
    reveille::block_on(async {
        let late = async {
            reveille::task::yield_now().await;
            Result::<_, String>::Ok(1)
        };
        assert_eq!(try_join!(late, async { Ok("two") }), Ok((1, "two")));
        assert_eq!(try_join!(async { Result::<_, ()>::Ok(1) },), Ok((1,)));
        let nothing: Result<(), String> = try_join!();
        assert_eq!(nothing, Ok(()));
        let nothing: Result<(), String> = try_join!(biased;);
        assert_eq!(nothing, Ok(()));
    });
}

#[test]
fn the_first_error_ends_it_and_drops_the_others() {
    async fn question_mark(notes: &RefCell<Vec<&'static str>>) -> Result<u8, String> {
        let waiting = async {
            let _noted = Noted(notes, "waiting");
            future::pending::<Result<u8, String>>().await
        };
        let failing = async {
            reveille::task::yield_now().await;
            Err::<u8, _>("failed".to_owned())
        };
        let (one, two) = try_join!(waiting, failing)?;
        Ok(one + two)
    }
    let _watchdog = Watchdog::new("a join of which one has failed", Duration::from_secs(60));
    let notes = RefCell::new(Vec::new());
    let result = reveille::block_on(question_mark(&notes));
    assert_eq!(result, Err("failed".to_owned()));
    assert_eq!(*notes.borrow(), ["waiting"]);
}

#[test]
fn after_an_error_no_other_is_polled() {
    let order = RefCell::new(Vec::new());
    let mut trying = pin!(async {
        try_join!(
            ready_after(1, Ok(0), 0, &order),
            ready_after(0, Err::<u8, _>("first"), 1, &order),
            ready_after(0, Err::<u8, _>("second"), 2, &order),
        )
    });
    assert_eq!(poll_once(trying.as_mut()), Poll::Ready(Err("first")));
    assert_eq!(*order.borrow(), [0, 1]);
}

#[test]
fn a_dropped_join_drops_its_futures_and_the_outputs_there_are() {
    let notes = RefCell::new(Vec::new());
    {
        let waiting = async {
            let _noted = Noted(&notes, "future");
            future::pending::<()>().await
        };
        let mut joining = pin!(async {
            let _outputs = join!(waiting, async { Noted(&notes, "output") });
        });
        assert!(poll_once(joining.as_mut()).is_pending());
        assert!(notes.borrow().is_empty());
    }
    let mut notes = notes.into_inner();
    notes.sort();
    assert_eq!(notes, ["future", "output"]);
}

#[test]
fn futures_may_borrow_what_is_around() {
    reveille::block_on(async {
        let text = String::from("reveille");
        let length = async { text.len() };
        assert_eq!(join!(length, async { text.as_str() }), (8, "reveille"));
    });
}

#[test]
fn one_may_be_called_biased() {
    reveille::block_on(async {
        let biased = future::ready(1);
        assert_eq!(join!(biased, future::ready(2)), (1, 2));
    });
}

#[test]
fn there_may_be_64_futures() {
    macro_rules! doubled {
        ($join:ident! [$($futures:tt)*] twice $($again:tt)*) => {
            doubled!($join! [$($futures)* $($futures)*] $($again)*)
        };
        ($join:ident! [$($futures:tt)*]) => { $join!($($futures)*) };
    }
    let calls = Cell::new(0);
    let counts = || {
        calls.set(calls.get() + 1);
        future::ready(Ok::<_, ()>(()))
    };
    reveille::block_on(async {
        let _all = doubled!(join! [counts(),] twice twice twice twice twice twice);
        assert!(doubled!(try_join! [counts(),] twice twice twice twice twice twice).is_ok());
    });
    assert_eq!(calls.get(), 128);
}
