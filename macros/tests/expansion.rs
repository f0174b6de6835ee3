//! What the attributes make of a function. The macros name `::reveille::block_on`; here this file stands in for the
//! facade, which this crate must not depend on.

extern crate self as reveille;

pub use reveille_macros::{main, test};
use std::cell::Cell;
use std::num::ParseIntError;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

thread_local! {
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// Counts its calls and polls until the future is ready.
pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNS.set(RUNS.get() + 1);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

mod main_attribute {
    use super::{ParseIntError, RUNS};

    /// Documented, `pub(crate)`, with an attribute and a return type.
    #[must_use = "the attribute stays"]
    #[reveille::main(flavor = "current_thread")]
    pub(crate) async fn answer() -> Result<u32, ParseIntError> {
        async { "42" }.await.parse::<u32>()
    }

    #[reveille::main(flavor = "current_thread")]
    pub(super) async fn empty<T>() -> Option<T>
    where
        T: Copy,
    {
        None
    }

    #[test]
    fn main_runs_the_body_in_one_block_on_and_returns_its_value() {
        let before = RUNS.get();
        assert_eq!(answer(), Ok(42));
        assert_eq!(RUNS.get(), before + 1);
    }

    #[test]
    fn main_keeps_generics_and_where_clauses() {
        assert_eq!(empty::<u8>(), None);
    }
}

#[reveille::test]
async fn a_test_awaits() {
    assert_eq!(std::future::ready(7).await, 7);
    assert!(RUNS.get() > 0, "not run by the block_on above");
}

#[reveille::test(flavor = "current_thread")]
async fn a_test_may_return_a_result() -> Result<(), ParseIntError> {
    assert_eq!("42".parse::<u32>()?, 42);
    Ok(())
}

#[reveille::test]
#[should_panic(expected = "on purpose")]
async fn an_attribute_below_stays() {
    panic!("on purpose");
}

#[should_panic(expected = "on purpose")]
#[reveille::test]
async fn an_attribute_above_stays() {
    panic!("on purpose");
}

#[reveille::test]
#[cfg(not(test))]
async fn a_test_that_is_configured_out_is_not_compiled() {
    compile_error!("cfg was not kept");
}
