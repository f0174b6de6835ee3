//! `select!`: the first of several futures.

/// Waits for several futures at once, in this task, until one is complete and its output fits the pattern; drops the others,
/// then runs that one's handler and evaluates to what it does.
///
/// ```text
/// select! {
///     biased;                                      // optional
///     pattern = future => handler,
///     pattern = future, if condition => handler,
///     ...
///     else => handler,                             // optional
/// }
/// ```
///
/// 1. All conditions are evaluated. Where one is false the branch is disabled. Its future is made nevertheless, but not polled.
/// 2. All future expressions are evaluated, in order, to futures or to what can be turned [into one](std::future::IntoFuture).
/// 3. Each time the task is woken, the futures of the branches that are not disabled are polled in order, beginning with
///    one at random, or with `biased;` with the first.
/// 4. When one is complete, its output is matched against the pattern. If it does not fit, the output is dropped, the branch is
///    disabled, and the rest go on. If it fits, all futures are dropped, the last one first, and the handler runs, with what
///    the pattern binds.
/// 5. When all branches are disabled, the handler of `else` runs.
///
/// There are at most 64 branches. A handler that is a block needs no comma behind it; all handlers are of one type. They run
/// when nothing is borrowed by the futures any more, outside of any closure: so they may use what the futures of other
/// branches borrow, `.await`, and leave by `?`, `break`, `continue` and `return`.
///
/// # Fairness
///
/// In a loop, a branch that is always ready cannot keep the others waiting, since who comes first is left to chance. That costs a
/// few nanoseconds and an order that can be foretold. `biased;` gives them back, for branches that never are ready for long, or
/// where the order means something: a shutdown before more work. Then what comes behind a branch that is always ready never
/// gets a turn.
///
/// The random numbers are those of [`fastrand`](https://docs.rs/fastrand) on this thread, so `fastrand::seed` makes a test of
/// a current-thread runtime repeat itself.
///
/// A completed `select!` counts as one operation of the [budget of the task](crate::task::consume_budget), unless the branch
/// counted one itself: a loop around branches that are always ready gives way to other tasks, also if those are channels or
/// locks of other crates, which know no budget.
///
/// # Cancel safety
///
/// When a branch is chosen the futures of the others are dropped, wherever they are. Each operation of this crate says under
/// this heading what is lost then. *Safe*, in short, are what waits ([`sleep`](crate::time::sleep), `readable`), what takes a
/// whole thing at once (`accept`, `read`, `recv_from`, `tick`, `join_next`, a channel's `recv`); *not safe* is what goes on over
/// several steps: `read_exact`, `read_to_end`, `read_line`, `write_all`, an `async` block that awaits more than once. To go
/// on with such a one in the next turn of a loop, make it outside of the loop, pin it, and select over `&mut` of it:
///
/// ```
/// use std::pin::pin;
/// use std::time::Duration;
///
/// use reveille::time::{interval, sleep};
///
/// async fn in_two_steps() -> u32 {
///     sleep(Duration::from_millis(25)).await;
///     sleep(Duration::from_millis(20)).await;
///     2
/// }
///
/// # reveille::block_on(async {
/// # reveille::time::pause();
/// let mut ticks = interval(Duration::from_millis(10));
/// let mut steps = pin!(in_two_steps());
/// let mut count = 0;
/// let steps = loop {
///     reveille::select! {
///         done = &mut steps => break done,
///         _ = ticks.tick() => count += 1,
///     }
/// };
/// assert_eq!((steps, count), (2, 5));
/// # });
/// ```
///
/// A `select!` that is dropped before a branch was chosen drops the futures of all.
///
/// # Panics
///
/// When all branches are disabled and there is no `else`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille::{select, time::sleep};
///
/// # reveille::block_on(async {
/// # reveille::time::pause();
/// let answer = async {
///     sleep(Duration::from_secs(1)).await;
///     Some(42)
/// };
/// let patient = true;
/// let said = select! {
///     Some(number) = answer => format!("it is {number}"),
///     () = sleep(Duration::from_secs(5)), if patient => "too late".to_owned(),
///     else => "no answer".to_owned(),
/// };
/// assert_eq!(said, "it is 42");
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($(biased;)?) => { ::core::compile_error!("`select!` needs a branch") };
    ($(biased;)? else => $else:expr $(,)?) => { $else };
    (biased; $($branches:tt)+) => { $crate::__with_branches!(__select first [] $($branches)*) };
    ($($branches:tt)+) => { $crate::__with_branches!(__select random [] $($branches)+) };
}

/// Sorts the parts of each branch, then hands on to `__select_sorted!`. `start`: the function that says with which one a poll
/// begins.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    ($free:tt $start:ident [$($sorted:tt)+]) => {
        $crate::__select_sorted! {
            $start
            [$($sorted)+]
            ::core::panic!("all branches of `select!` are disabled, and it has no `else`: add one, or a branch that always is enabled")
        }
    };
    ($free:tt $start:ident $sorted:tt else => $else:expr $(,)?) => {
        $crate::__select_sorted! { $start $sorted $else }
    };
    ($free:tt $start:ident $sorted:tt else $($rest:tt)*) => {
        ::core::compile_error!("`else => handler` is the last branch of a `select!`")
    };
    ([] $start:ident $sorted:tt $($rest:tt)+) => {
        ::core::compile_error!("`select!` takes 64 branches at most; select over several of them first")
    };
    ([$branch:tt $($free:tt)*] $start:ident [$($sorted:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block, $($rest:tt)*) => {
        $crate::__select! {
            [$($free)*] $start [$($sorted)* ($branch ($pattern) ($future) ($($condition)?) ($handler))] $($rest)*
        }
    };
    ([$branch:tt $($free:tt)*] $start:ident [$($sorted:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block $($rest:tt)*) => {
        $crate::__select! {
            [$($free)*] $start [$($sorted)* ($branch ($pattern) ($future) ($($condition)?) ($handler))] $($rest)*
        }
    };
    ([$branch:tt $($free:tt)*] $start:ident [$($sorted:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:expr) => {
        $crate::__select! {
            [$($free)*] $start [$($sorted)* ($branch ($pattern) ($future) ($($condition)?) ($handler))]
        }
    };
    ([$branch:tt $($free:tt)*] $start:ident [$($sorted:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:expr, $($rest:tt)*) => {
        $crate::__select! {
            [$($free)*] $start [$($sorted)* ($branch ($pattern) ($future) ($($condition)?) ($handler))] $($rest)*
        }
    };
}

/// The whole of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_sorted {
    (
        $start:ident
        [$((
            ($index:tt $branch:ident) ($pattern:pat) ($future:expr) ($($condition:expr)?) ($handler:expr)
        ))+]
        $else:expr
    ) => {{
        // Items are not hygienic: the handlers see this name.
        #[doc(hidden)]
        enum __Selected<$($branch),+> {
            $($branch($crate::macros::Output<$branch>),)+
            Disabled,
        }

        let mut disabled = 0_u64;
        $($(
            if !$condition {
                disabled |= 1 << $index;
            }
        )?)+
        #[allow(unused_mut)]
        let mut selected = {
            // Not in one go with what comes next: temporaries that they borrow would end.
            let ($($branch,)+) = ($($future,)+);
            $( let mut $branch = ::core::pin::pin!(::core::future::IntoFuture::into_future($branch)); )+
            let branches = [$($index),+].len();
            let selected = ::core::future::poll_fn(|cx| $crate::macros::poll_counted(cx, |cx| {
                let start = $crate::macros::$start(branches);
                let mut pending = false;
                for turn in 0..branches {
                    match (start + turn) % branches {
                        $(
                            #[allow(unreachable_code)]
                            $index if disabled & (1 << $index) == 0 => {
                                #[allow(unused_mut)]
                                let mut output = match ::core::future::Future::poll($branch.as_mut(), cx) {
                                    ::core::task::Poll::Ready(output) => output,
                                    ::core::task::Poll::Pending => {
                                        pending = true;
                                        continue;
                                    }
                                };
                                disabled |= 1 << $index;
                                // The handler is to have what the pattern binds, so nothing may be moved here: a guard sees
                                // whether the pattern fits before anything is bound for good.
                                let mut fits = false;
                                match output {
                                    #[allow(unreachable_patterns, unused_mut, unused_variables)]
                                    $pattern if { fits = true; false } => ::core::unreachable!(),
                                    _ => {}
                                }
                                if fits {
                                    let output = $crate::macros::Output::new(output);
                                    return ::core::task::Poll::Ready(__Selected::$branch(output));
                                }
                            }
                        )+
                        _ => {}
                    }
                }
                if pending {
                    ::core::task::Poll::Pending
                } else {
                    ::core::task::Poll::Ready(__Selected::Disabled)
                }
            }))
            .await;
            selected
        };
        match selected {
            $( __Selected::$branch($crate::macros::Output { 0: $pattern, .. }) => $handler, )+
            __Selected::Disabled => $else,
            // Never, since the pattern fitted; and it is unreachable where each always does.
            #[allow(unreachable_patterns)]
            _ => ::core::unreachable!(),
        }
    }};
}
