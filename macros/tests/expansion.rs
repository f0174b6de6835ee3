//! What the attributes make of a function. The macros name `::reveille::block_on` and `::reveille::runtime::Builder`;
//! here this file stands in for the facade, which this crate must not depend on.

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

/// Notes what a multi-thread runtime was asked for.
#[allow(missing_docs)]
pub mod runtime {
    use std::cell::Cell;

    thread_local! {
        pub(crate) static BUILT: Cell<Option<Builder>> = const { Cell::new(None) };
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Builder {
        pub(crate) workers: Option<usize>,
    }

    impl Builder {
        pub fn multi_thread() -> Self {
            Self { workers: None }
        }

        pub fn worker_threads(&mut self, count: usize) -> &mut Self {
            self.workers = Some(count);
            self
        }

        pub fn build(&mut self) -> std::io::Result<Self> {
            BUILT.set(Some(*self));
            Ok(*self)
        }

        pub fn block_on<F: Future>(&self, future: F) -> F::Output {
            super::block_on(future)
        }
    }
}

mod flavors {
    use super::runtime::{BUILT, Builder};

    #[reveille::main]
    async fn by_default() {}

    #[reveille::main(flavor = "multi_thread")]
    async fn multi_thread() {}

    #[reveille::main(worker_threads = 3)]
    async fn three_workers() {}

    #[reveille::main(flavor = "current_thread")]
    async fn current_thread() {}

    #[test]
    fn main_builds_the_runtime_that_is_asked_for() {
        let built = |main: fn()| {
            main();
            BUILT.take()
        };
        assert_eq!(built(by_default), Some(Builder { workers: None }));
        assert_eq!(built(multi_thread), Some(Builder { workers: None }));
        assert_eq!(built(three_workers), Some(Builder { workers: Some(3) }));
        assert_eq!(built(current_thread), None);
    }

    #[reveille::test]
    async fn a_test_is_current_thread() {
        assert_eq!(BUILT.take(), None);
    }

    #[reveille::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_test_may_be_multi_thread() {
        assert_eq!(BUILT.take(), Some(Builder { workers: Some(2) }));
    }
}

mod main_attribute {
    use super::{ParseIntError, RUNS};

    /// Documented, `pub(crate)`, with an attribute and a return type.
    #[must_use = "the attribute stays"]
    #[reveille::main]
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
// Never: that is the test.
#[cfg(not(test))]
async fn a_test_that_is_configured_out_is_not_compiled() {
    compile_error!("cfg was not kept");
}
