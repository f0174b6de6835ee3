//! `#[reveille::main]` and `#[reveille::test]`: an `async fn` that runs on a runtime of its own.
//!
//! Use them through the facade; this crate promises only what `reveille` re-exports. It needs nothing but the
//! compiler's own `proc_macro`. In reading order:
//!
//! * `arguments`: what stands in the attribute's parentheses;
//! * `function`: where in the annotated function the parts are that matter;
//! * `expand`: the function that takes its place.
//!
//! The first two know nothing of `proc_macro`: they read a list of `token::Token`s and name a token by its place in
//! that list, so that they can be tested like any other code. Nothing here parses types, patterns or bodies; these
//! are passed on token by token, with their spans, so that the compiler's errors point into what the user wrote.
#![forbid(unsafe_code)]

mod arguments;
mod expand;
mod function;
mod refusal;
mod token;

use arguments::Attribute;
use proc_macro::TokenStream;

/// Runs an `async fn main` on a runtime.
///
/// The function keeps its name, visibility, attributes and return type (so `main` may return a `Result`); it takes no
/// arguments. Its body becomes the future that the runtime's `block_on` runs on the calling thread; so it need not be
/// `Send`. Tasks that it spawned and that are still there when it returns are cancelled.
///
/// # Arguments
///
/// * `flavor = "multi_thread"`, the default: the tasks run on threads of the runtime.
/// * `flavor = "current_thread"`: everything runs on the calling thread, as in `reveille::block_on`.
/// * `worker_threads = 2`: how many threads a multi-thread runtime has; by default one for each processor.
/// * `start_paused = true`: the runtime's clock stands from the beginning, and moves on by itself when nothing else is left to
///   do (see `reveille::time::pause`).
///
/// # Panics
///
/// If the system refuses the runtime its threads or file descriptors; `Builder::build` returns this as an error.
///
/// # Examples
///
/// ```standalone_crate
/// # extern crate self as reveille;
/// # pub use reveille_macros::*;
/// # pub fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut polled = std::pin::pin!(future);
/// #     loop {
/// #         if let std::task::Poll::Ready(output) = polled.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
/// #             return output;
/// #         }
/// #     }
/// # }
/// # pub mod runtime {
/// #     pub struct Builder;
/// #     impl Builder {
/// #         pub fn multi_thread() -> Self { Self }
/// #         pub fn build(&mut self) -> std::io::Result<Self> { Ok(Self) }
/// #         pub fn block_on<F: Future>(&self, future: F) -> F::Output { crate::block_on(future) }
/// #     }
/// # }
/// #[reveille::main]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let answer: u32 = async { "42" }.await.parse()?;
///     println!("{answer}");
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Attribute::Main, arguments, item)
}

/// Makes an `async fn` a test that runs on a runtime of its own.
///
/// It becomes a `#[test]`, so `#[should_panic]`, `#[ignore]` and `#[cfg(…)]` work beside it, and it may return a
/// `Result`.
///
/// # Arguments
///
/// * `flavor = "current_thread"`, the default: everything runs on the test's thread.
/// * `flavor = "multi_thread"`: tasks run on threads of the runtime, and the test's own future on the test's.
/// * `worker_threads = 2`: how many threads a multi-thread runtime has; by default one for each processor.
/// * `start_paused = true`: the runtime's clock stands from the beginning, and moves on by itself when nothing else is left to
///   do (see `reveille::time::pause`).
///
/// # Examples
///
/// ```standalone_crate
/// # extern crate self as reveille;
/// # pub use reveille_macros::*;
/// # pub fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut polled = std::pin::pin!(future);
/// #     loop {
/// #         if let std::task::Poll::Ready(output) = polled.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
/// #             return output;
/// #         }
/// #     }
/// # }
/// #[reveille::test]
/// async fn parses() -> Result<(), std::num::ParseIntError> {
///     assert_eq!(async { "42" }.await.parse::<u32>()?, 42);
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Attribute::Test, arguments, item)
}
