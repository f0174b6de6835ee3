//! `try_join!`: all of several futures, or the first error.

/// Waits for several futures at once, in this task, each of which returns a `Result`: `Ok` with a tuple when all have
/// succeeded, or the first error, as soon as there is one.
///
/// ```text
/// try_join!(future, ...)
/// try_join!(biased; future, ...)
/// ```
///
/// Their errors are of one type. When one fails, those that are not complete are dropped. Otherwise everything is as with
/// [`join!`](crate::join): the turns, `biased;`, at most 64.
///
/// # Cancel safety
///
/// As for [`join!`](crate::join): the outputs of those that were complete are lost.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use reveille::net::{TcpListener, TcpStream};
///
/// # fn main() -> io::Result<()> {
/// reveille::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     let (client, (_server, peer)) = reveille::try_join!(TcpStream::connect(address), listener.accept())?;
///     assert_eq!(client.local_addr()?, peer);
///     io::Result::Ok(())
/// })
/// # }
/// ```
#[macro_export]
macro_rules! try_join {
    (biased;) => { async { ::core::result::Result::Ok(()) }.await };
    () => { async { ::core::result::Result::Ok(()) }.await };
    (biased; $($future:expr),+ $(,)?) => { $crate::__with_branches!(__try_join 0 [] $(($future))+) };
    ($($future:expr),+ $(,)?) => { $crate::__with_branches!(__try_join 1 [] $(($future))+) };
}

/// As `__join!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __try_join {
    ([$branch:tt $($free:tt)*] $step:tt [$($taken:tt)*] ($future:expr) $($rest:tt)*) => {
        $crate::__try_join! { [$($free)*] $step [$($taken)* ($branch $future)] $($rest)* }
    };
    ([] $step:tt $taken:tt $($rest:tt)+) => {
        ::core::compile_error!("`try_join!` takes 64 futures at most; join several of them first")
    };
    ($free:tt $step:tt [$((($index:tt $branch:ident) $future:expr))+]) => {{
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
                    $( $index => {
                        pending |= $branch.as_mut().poll(cx).is_pending();
                        if let ::core::option::Option::Some(error) = $branch.as_mut().take_error() {
                            return ::core::task::Poll::Ready(::core::result::Result::Err(error));
                        }
                    } )+
                    _ => ::core::unreachable!(),
                }
            }
            if pending {
                return ::core::task::Poll::Pending;
            }
            #[allow(unreachable_code)]
            ::core::task::Poll::Ready(::core::result::Result::Ok(($($branch.as_mut().take_value(),)+)))
        })
        .await;
        outputs
    }};
}
