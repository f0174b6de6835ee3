//! What a `select!` does, ours and tokio's.

use std::cell::{Cell, RefCell};
use std::future::{self, Future, IntoFuture, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::select;

/// Says when it is dropped.
struct Noted<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

/// Pending for so many polls, and then complete.
fn ready_after<T: Unpin>(polls: usize, output: T) -> impl Future<Output = T> + Unpin {
    let (mut left, mut output) = (polls, Some(output));
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(output.take().expect("polled once more after it was complete"));
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_branch_that_completes_first_is_chosen() {
    reveille::block_on(async {
        for _ in 0..20 {
            let chosen = select! {
                () = future::pending() => 0,
                number = ready_after(2, 1) => number,
                number = ready_after(4, 2) => number,
            };
            assert_eq!(chosen, 1);
        }
    });
}

#[test]
fn handlers_are_blocks_or_expressions_with_or_without_commas() {
    reveille::block_on(async {
        let block = select! {
            n = future::ready(1) => { n + 1 }
            n = future::pending() => { n },
        };
        let last_with_comma = select! {
            n = future::pending() => { n },
            n = future::ready(2) => n + 1,
        };
        let last_without = select! { n = future::ready(3) => n + 1 };
        let mixed = select! {
            n = future::pending(), if false => match n { 0 => 1, n => n },
            n = future::pending(), if false => { n }
            n = future::ready(4), if true => if n == 4 { 5 } else { 6 }
        };
        assert_eq!((block, last_with_comma, last_without, mixed), (2, 3, 4, 5));
    });
}

#[test]
fn an_output_that_does_not_fit_its_pattern_disables_the_branch() {
    reveille::block_on(async {
        for _ in 0..20 {
            let chosen = select! {
                Some(number) = ready_after(0, None) => number,
                number = ready_after(3, 7) => number,
            };
            assert_eq!(chosen, 7);
        }
    });
}

#[test]
fn an_output_that_does_not_fit_is_dropped_at_once() {
    let notes = RefCell::new(Vec::new());
    let mut selecting = pin!(async {
        select! {
            None = future::ready(Some(Noted(&notes, "output"))) => (),
            () = future::pending() => (),
        }
    });
    assert!(poll_once(selecting.as_mut()).is_pending());
    assert_eq!(*notes.borrow(), ["output"]);
    // And its future is polled no more: `future::ready` would panic.
    assert!(poll_once(selecting.as_mut()).is_pending());
}

#[test]
fn patterns_take_outputs_apart() {
    #[derive(Debug, PartialEq)]
    struct Pair {
        left: String,
        right: Vec<u8>,
    }
    let pair = || Pair {
        left: "left".to_owned(),
        right: vec![1],
    };
    reveille::block_on(async {
        select! {
            Some(Pair { left, right: mut changed }) = future::ready(Some(pair())) => {
                changed.push(2);
                assert_eq!((left.as_str(), changed), ("left", vec![1, 2]));
            }
        }
        select! { Some(ref lent) = future::ready(Some(pair())) => assert_eq!(*lent, pair()) }
        select! { Some(ref mut lent) = future::ready(Some(pair())) => lent.right.clear() }
        select! { Ok(either) | Err(either) = future::ready(Err::<u8, u8>(3)) => assert_eq!(either, 3) }
        select! { whole @ Some(4..) = future::ready(Some(5)) => assert_eq!(whole, Some(5)) }
        select! { (_, "b") = future::ready((pair(), "b")) => () }
        select! { mut number = future::ready(1) => { number += 1; assert_eq!(number, 2) } }
    });
}

#[test]
fn a_future_whose_condition_is_false_is_made_and_not_polled() {
    reveille::block_on(async {
        let made = Cell::new(0);
        let chosen = select! {
            () = { made.set(made.get() + 1); async { panic!("it is polled") } }, if false => 1,
            () = ready_after(3, ()), if made.get() == 0 => 2,
        };
        assert_eq!((chosen, made.get()), (2, 1));
    });
}

#[test]
fn conditions_are_evaluated_once_and_before_the_futures() {
    let order = RefCell::new(Vec::new());
    let note = |what| order.borrow_mut().push(what);
    reveille::block_on(async {
        select! {
            biased;
            () = { note("future 1"); ready_after(2, ()) }, if { note("condition 1"); true } => note("handler 1"),
            () = { note("future 2"); future::pending() }, if { note("condition 2"); true } => note("handler 2"),
        }
    });
    let expected = ["condition 1", "condition 2", "future 1", "future 2", "handler 1"];
    assert_eq!(*order.borrow(), expected);
}

#[test]
fn when_all_are_disabled_else_is_run() {
    reveille::block_on(async {
        let chosen = select! {
            _ = future::pending::<()>(), if false => 1,
            Some(number) = ready_after(1, None) => number,
            Ok(number) = ready_after(2, Err(())) => number,
            else => 4,
        };
        assert_eq!(chosen, 4);
        assert_eq!(select! { else => 5 }, 5);
        assert_eq!(select! { biased; else => 6 }, 6);
        let not_needed = select! { number = future::ready(7) => number, else => panic!("there is one") };
        assert_eq!(not_needed, 7);
    });
}

#[test]
fn when_all_are_disabled_and_there_is_no_else_it_panics_and_says_so() {
    let select = || {
        reveille::block_on(async {
            select! {
                () = future::pending(), if false => (),
                Some(()) = ready_after(1, None) => (),
            }
        })
    };
    let panicked = panic::catch_unwind(AssertUnwindSafe(select)).unwrap_err();
    let message = panicked
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panicked.downcast_ref::<String>().map(String::as_str))
        .unwrap();
    for said in ["all branches", "disabled", "no", "else"] {
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn the_futures_are_dropped_before_the_handler_runs() {
    let notes = RefCell::new(Vec::new());
    reveille::block_on(async {
        let waiting = async {
            let _noted = Noted(&notes, "not chosen");
            future::pending::<()>().await
        };
        let kept = Noted(&notes, "chosen");
        let chosen = poll_fn(move |_| {
            let _ = &kept;
            Poll::Ready(())
        });
        let late = async {
            reveille::task::yield_now().await;
            chosen.await
        };
        select! {
            () = waiting => unreachable!(),
            () = late => notes.borrow_mut().push("handler"),
        }
    });
    let mut notes = notes.into_inner();
    assert_eq!(notes.pop(), Some("handler"));
    notes.sort();
    assert_eq!(notes, ["chosen", "not chosen"]);
}

#[test]
fn a_dropped_select_drops_its_futures_and_runs_no_handler() {
    let notes = RefCell::new(Vec::new());
    {
        let waiting = async {
            let _noted = Noted(&notes, "dropped");
            future::pending::<()>().await
        };
        let mut selecting = pin!(async {
            select! {
                () = waiting => notes.borrow_mut().push("handler"),
            }
        });
        assert!(poll_once(selecting.as_mut()).is_pending());
    }
    assert_eq!(*notes.borrow(), ["dropped"]);
}

#[test]
fn a_future_that_is_only_borrowed_goes_on_in_the_next_turn() {
    reveille::block_on(async {
        let mut long = ready_after(5, "complete");
        let mut turns = 0;
        let said = loop {
            select! {
                biased;
                said = &mut long => break said,
                () = ready_after(0, ()) => turns += 1,
            }
        };
        assert_eq!((said, turns), ("complete", 5));
    });
}

#[test]
fn a_handler_may_use_what_the_other_futures_borrow() {
    async fn fill(buffer: &mut Vec<u8>) {
        buffer.push(1);
        future::pending().await
    }
    reveille::block_on(async {
        let mut buffer = Vec::new();
        select! {
            biased;
            () = fill(&mut buffer) => unreachable!(),
            () = ready_after(2, ()) => buffer.push(2),
        }
        assert_eq!(buffer, [1, 2]);
    });
}

#[test]
fn a_handler_may_leave_in_every_way() {
    async fn question_mark(fails: bool) -> Result<u8, String> {
        let answer = if fails { Err("failed".to_owned()) } else { Ok(1) };
        let number = select! { answer = future::ready(answer) => answer? };
        Ok(number + 1)
    }
    async fn returns() -> u8 {
        select! {
            () = future::pending() => (),
            () = future::ready(()) => return 3,
        }
        4
    }
    reveille::block_on(async {
        assert_eq!(question_mark(false).await, Ok(2));
        assert_eq!(question_mark(true).await, Err("failed".to_owned()));
        assert_eq!(returns().await, 3);

        let mut turns = 0;
        let broken = 'outer: loop {
            loop {
                turns += 1;
                select! {
                    () = future::ready(()), if turns < 3 => continue,
                    () = future::ready(()), if turns == 3 => continue 'outer,
                    () = future::ready(()), if turns == 4 => break,
                    else => break 'outer turns,
                }
            }
            turns = 10;
        };
        assert_eq!(broken, 11);
    });
}

#[test]
fn a_handler_may_await_and_select() {
    reveille::block_on(async {
        let sum = select! {
            one = future::ready(1) => {
                let two = ready_after(3, 2).await;
                select! {
                    three = ready_after(1, 3) => one + two + three,
                    else => 0,
                }
            }
        };
        assert_eq!(sum, 6);
    });
}

#[test]
fn biased_polls_from_the_first_to_the_last() {
    reveille::block_on(async {
        for _ in 0..100 {
            let first = select! {
                biased;
                () = future::pending() => 0,
                () = future::ready(()) => 1,
                () = future::ready(()) => 2,
            };
            assert_eq!(first, 1);
        }
    });
    let order = RefCell::new(Vec::new());
    let waits = |number| {
        let order = &order;
        poll_fn(move |_| {
            order.borrow_mut().push(number);
            Poll::<()>::Pending
        })
    };
    let mut selecting = pin!(async {
        select! { biased; () = waits(0) => (), () = waits(1) => (), () = waits(2) => () }
    });
    for _ in 0..10 {
        assert!(poll_once(selecting.as_mut()).is_pending());
        assert_eq!(order.take(), [0, 1, 2]);
    }
}

#[test]
fn without_biased_each_is_as_likely_to_be_first() {
    const ROUNDS: usize = 3000;
    reveille::block_on(async {
        let mut chosen = [0_usize; 3];
        for _ in 0..ROUNDS {
            let first = select! {
                () = future::ready(()) => 0,
                () = future::ready(()) => 1,
                () = future::ready(()) => 2,
            };
            chosen[first] += 1;
        }
        // Off by more than a quarter is nine standard deviations.
        let even = ROUNDS / 3;
        assert!(
            chosen.iter().all(|count| count.abs_diff(even) < even / 4),
            "{chosen:?}"
        );
    });
}

#[test]
fn each_poll_begins_anew_and_goes_round() {
    let order = RefCell::new(Vec::new());
    let waits = |number| {
        let order = &order;
        poll_fn(move |_| {
            order.borrow_mut().push(number);
            Poll::<()>::Pending
        })
    };
    let mut selecting = pin!(async {
        select! { () = waits(0) => (), () = waits(1) => (), () = waits(2) => () }
    });
    let mut seen = [false; 3];
    for _ in 0..200 {
        assert!(poll_once(selecting.as_mut()).is_pending());
        let order = order.take();
        seen[order[0]] = true;
        assert_eq!(order, [order[0], (order[0] + 1) % 3, (order[0] + 2) % 3]);
    }
    assert_eq!(seen, [true; 3]);
}

#[test]
fn what_becomes_a_future_will_do() {
    struct Question;
    impl IntoFuture for Question {
        type Output = u8;
        type IntoFuture = future::Ready<u8>;

        fn into_future(self) -> Self::IntoFuture {
            future::ready(42)
        }
    }
    reveille::block_on(async {
        assert_eq!(select! { answer = Question => answer }, 42);
    });
}

#[test]
fn temporaries_live_as_long_as_the_futures() {
    reveille::block_on(async {
        let answer = select! {
            () = &mut Box::pin(future::pending()) => 1,
            number = pin!(ready_after(2, 2)) => number,
        };
        assert_eq!(answer, 2);
    });
}

#[test]
fn names_of_the_handlers_are_the_callers() {
    let (output, pending, start, branches, cx, selected) = (1, 2, 3, 4, 5, 6);
    let sum = reveille::block_on(async {
        select! {
            _ = future::ready(output + pending), if start == 3 => output + pending + start + branches + cx + selected,
        }
    });
    assert_eq!(sum, 21);
}

#[test]
fn it_can_be_sent_if_its_futures_can() {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    let answer = reveille::block_on(is_send(async {
        select! {
            number = async { reveille::task::yield_now().await; 1 } => number,
            Some(text) = future::ready(None::<String>) => text.len(),
        }
    }));
    assert_eq!(answer, 1);
}

#[test]
fn there_may_be_64_branches() {
    macro_rules! with_64 {
        ($($eight:literal)*) => {
            reveille::block_on(async {
                let mut chosen = Vec::new();
                for turn in 0..64 {
                    let first = with_64!(@branches turn [] $($eight)*);
                    chosen.push(first);
                }
                assert!(chosen.iter().copied().eq(0..64), "{chosen:?}");
            })
        };
        (@branches $turn:ident [$($branches:tt)*] $eight:literal $($rest:literal)*) => {
            with_64!(@branches $turn [
                $($branches)*
                n = future::ready($eight), if $turn == $eight => n,
                n = future::ready($eight + 1), if $turn == $eight + 1 => n,
                n = future::ready($eight + 2), if $turn == $eight + 2 => n,
                n = future::ready($eight + 3), if $turn == $eight + 3 => n,
                n = future::ready($eight + 4), if $turn == $eight + 4 => n,
                n = future::ready($eight + 5), if $turn == $eight + 5 => n,
                n = future::ready($eight + 6), if $turn == $eight + 6 => n,
                n = future::ready($eight + 7), if $turn == $eight + 7 => n,
            ] $($rest)*)
        };
        (@branches $turn:ident [$($branches:tt)*]) => { select! { $($branches)* } };
    }
    with_64!(0 8 16 24 32 40 48 56);
}
