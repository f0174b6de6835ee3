//! The error of a `block_on` inside a `block_on`.

use std::fmt;
use std::panic::Location;

/// A thread that runs tasks was asked to block on a future, which would stop all of them.
pub struct NestedBlockOn {
    outer: &'static Location<'static>,
    inner: &'static Location<'static>,
}

impl NestedBlockOn {
    pub(crate) fn new(outer: &'static Location<'static>, inner: &'static Location<'static>) -> Self {
        Self { outer, inner }
    }
}

impl fmt::Display for NestedBlockOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`block_on` was called at {} inside the `block_on` at {}, whose tasks would all stand still; `.await` the \
             future instead, `spawn` it, or call `block_on` on a thread of its own",
            self.inner, self.outer
        )
    }
}

impl fmt::Debug for NestedBlockOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NestedBlockOn({self})")
    }
}

impl std::error::Error for NestedBlockOn {}
