//! What an operation gets before it is dropped.

use std::task::{Context, Poll, Waker};

use reveille_context::coop;

use crate::hand::{Hand, poll};

/// Its polls, by what is left of the task's budget. Between them the system is heard.
pub(crate) type Course = &'static [Budget];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    Left,
    /// One unit: whatever is done in parts is done in part.
    Last,
    /// Whatever it could do, it has to wait: so that even what never meets `WouldBlock` is dropped before it is ready.
    Spent,
}

use Budget::{Last, Left, Spent};

/// By turns.
pub(crate) const COURSES: [Course; 9] = [
    &[],
    &[Left],
    &[Left, Left],
    &[Spent],
    &[Left, Left, Left],
    &[Spent, Left],
    &[Left, Spent, Left],
    &[Last],
    &[Left, Last, Spent],
];

/// Polls as the course says; its output, if it was ever ready.
pub(crate) fn drive<F: Future + Unpin>(hand: &mut Hand, course: Course, mut future: F) -> Option<F::Output> {
    for &budget in course {
        let entered = match budget {
            Left => None,
            Last => Some(spend_all_but(1)),
            Spent => Some(spend_all_but(0)),
        };
        let polled = poll(&mut future);
        drop(entered);
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        hand.settle();
    }
    None
}

/// Leaves so much of the budget, while the guard lives.
fn spend_all_but(left: u8) -> coop::Entered {
    let budget = coop::enter();
    for _ in left..coop::BUDGET {
        match coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(progress) => progress.made(),
            Poll::Pending => unreachable!("there is more of it"),
        }
    }
    budget
}

/// A row of a table: the operations that it holds, as `complete` finds them in the sources, and what uses them.
pub(crate) type Row<F> = (&'static [&'static str], F);

/// The operations that the rows hold: what has a path. A row of something else is only called by its name.
pub(crate) fn named<F>(rows: &[Row<F>]) -> Vec<&'static str> {
    let names = rows.iter().flat_map(|(names, _)| *names).copied();
    names.filter(|name| name.contains("::")).collect()
}
