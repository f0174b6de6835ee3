//! What [`join!`](crate::join), [`try_join!`](crate::try_join) and [`select!`](crate::select) are written in: one file for
//! each, and what their expansions call.
//!
//! They are `macro_rules`, so that they cost nothing but themselves: tokio's and futures' own bring a procedural macro along
//! (syn, a few seconds to compile), and no kept crate without one has `select!`'s handlers, preconditions and patterns.
//!
//! Only the three macros are promised; everything here may change in any release.

mod branches;
mod join;
mod maybe_done;
mod output;
mod select;
mod try_join;

pub use maybe_done::MaybeDone;
pub use output::Output;
pub use reveille_context::coop::poll_counted;

/// With which branch a `biased` macro begins.
#[inline]
pub fn first(_branches: usize) -> usize {
    0
}

/// With which branch `select!` begins: each is as likely as the others.
#[inline]
pub fn random(branches: usize) -> usize {
    fastrand::usize(..branches)
}
