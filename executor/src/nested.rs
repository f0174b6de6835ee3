//! The error of a `block_on` inside a `block_on`.

use std::fmt;
use std::panic::Location;

/// A thread that runs tasks was asked to block on a future, which would stop all of them.
///
/// See [`CurrentThread::try_block_on`](crate::CurrentThread::try_block_on) for an example.
pub struct NestedBlockOn {
    outer: &'static Location<'static>,
    inner: &'static Location<'static>,
    /// Whether the outer call embedded the runtime.
    embedded: bool,
}

impl NestedBlockOn {
    pub(crate) fn new(outer: &'static Location<'static>, inner: &'static Location<'static>) -> Self {
        Self {
            outer,
            inner,
            embedded: false,
        }
    }

    /// The thread embeds the runtime since `outer`.
    pub(crate) fn embedded(outer: &'static Location<'static>, inner: &'static Location<'static>) -> Self {
        Self {
            outer,
            inner,
            embedded: true,
        }
    }
}

impl fmt::Display for NestedBlockOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.embedded {
            return write!(
                f,
                "`block_on` was called at {} on the thread that embedded the runtime at {}, and so would wait for \
                 itself; call `poll_once` until the future's task is finished, or drop the `Embedded` first",
                self.inner, self.outer
            );
        }
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
