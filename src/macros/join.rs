//! `join!`: all of several futures.

/// Waits for several futures at once, in this task: the outputs as a tuple, when all are complete.
///
/// ```text
/// join!(future, ...)
/// join!(biased; future, ...)
/// ```
///
/// At most 64 futures, or what can be turned [into one](std::future::IntoFuture). They run by turns, not in parallel: one
/// that blocks keeps the others waiting. Whoever wants them on several threads [spawns](crate::spawn) them and joins the
/// handles. A future is dropped as soon as it is complete.
///
/// Each time the task is woken, all that are not complete yet are polled, the first one of a poll being the second one of
/// the next: so one that uses up the [budget of the task](crate::task::consume_budget) does not starve those behind it. With
/// `biased;` they are always polled from the first to the last.
///
/// # Cancel safety
///
/// When it is dropped so are its futures, and the outputs of those that were complete. So it is cancel safe only if nothing
/// is lost with these.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille::time::{Instant, sleep};
///
/// # reveille::block_on(async {
/// # reveille::time::pause();
/// let start = Instant::now();
/// let length = async { "reveille".len() };
/// let (length, (), ()) = reveille::join!(
///     length,
///     sleep(Duration::from_secs(3)),
///     sleep(Duration::from_secs(5)),
/// );
/// assert_eq!(length, 8);
/// assert_eq!(start.elapsed().as_secs(), 5);
/// # });
/// ```
#[macro_export]
macro_rules! join {
    (biased;) => { async {}.await };
    () => { async {}.await };
    (biased; $($future:expr),+ $(,)?) => { $crate::__with_branches!(__join 0 [] $(($future))+) };
    ($($future:expr),+ $(,)?) => { $crate::__with_branches!(__join 1 [] $(($future))+) };
}

/// Gives each future its branch, then expands to the whole. `step`: by how many branches the start of a poll moves on.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    ([$branch:tt $($free:tt)*] $step:tt [$($taken:tt)*] ($future:expr) $($rest:tt)*) => {
        $crate::__join! { [$($free)*] $step [$($taken)* ($branch $future)] $($rest)* }
    };
    ([] $step:tt $taken:tt $($rest:tt)+) => {
        ::core::compile_error!("`join!` takes 64 futures at most; join several of them first")
    };
    ($free:tt $step:tt [$((($index:tt $branch:ident) $future:expr))+]) => {{
        // Not in one go with what comes next: temporaries that they borrow would end.
        let ($($branch,)+) = ($($future,)+);
        $( let mut $branch = ::core::pin::pin!($crate::macros::MaybeDone::new($branch)); )+
        let branches = [$($index),+].len();
        let mut next_start = 0;
        let outputs = ::core::future::poll_fn(|cx| {
            let start = next_start;
            next_start = (start + $step) % branches;
            let mut pending = false;
            for turn in 0..branches {
                match (start + turn) % branches {
                    $( $index => pending |= $branch.as_mut().poll(cx).is_pending(), )+
                    _ => ::core::unreachable!(),
                }
            }
            if pending {
                return ::core::task::Poll::Pending;
            }
            // It is, if one never completes by its type.
            #[allow(unreachable_code)]
            ::core::task::Poll::Ready(($($branch.as_mut().take_output(),)+))
        })
        .await;
        outputs
    }};
}
