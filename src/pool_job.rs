//! Jobs of the blocking pool for input and output. Where there is no pool they are errors, as everything that does input or
//! output.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::runtime::Handle;
use crate::task::JoinHandle;

/// Who needs the pool, and what serves where there is none, for the error's text.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) what: &'static str,
    pub(crate) instead: &'static str,
}

/// The runtime that is current, for a job on its pool.
pub(crate) fn runtime(needs: Needs) -> io::Result<Handle> {
    let Needs { what, instead } = needs;
    match Handle::try_current() {
        Some(runtime) if runtime.is_closed() => Err(reveille_reactor::shutdown_error()),
        Some(runtime) => Ok(runtime),
        None => Err(io::Error::other(format!(
            "{what} are read and written by the blocking pool of a runtime, and there is none here; \
             use `{instead}`, or do this inside `block_on` or a task"
        ))),
    }
}

/// A job, and the runtime whose it is. Nobody aborts it.
#[derive(Debug)]
pub(crate) struct Job<T> {
    handle: JoinHandle<T>,
    runtime: Handle,
}

impl<T: Send + 'static> Job<T> {
    /// A report of it says `location`.
    pub(crate) fn begin(
        runtime: Handle,
        location: &'static Location<'static>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        let handle = runtime.spawn_blocking_at(work, location);
        Self { handle, runtime }
    }

    /// One that is done, too, if the runtime shuts down before it has begun.
    #[cfg_attr(
        not(feature = "fs"),
        allow(dead_code, reason = "files promise, and nothing else")
    )]
    pub(crate) fn begin_mandatory(
        runtime: Handle,
        location: &'static Location<'static>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        let handle = runtime.spawn_mandatory_blocking_at(work, location);
        Self { handle, runtime }
    }

    /// # Errors
    ///
    /// A shutdown, a panic, or that there was no thread to be had.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let outcome = ready!(Pin::new(&mut self.handle).poll(cx));
        Poll::Ready(outcome.map_err(|error| {
            if !error.is_cancelled() {
                io::Error::other(error)
            } else if self.runtime.is_closed() {
                reveille_reactor::shutdown_error()
            } else {
                io::Error::other("the blocking pool has no thread, and the system has not let it start one")
            }
        }))
    }

    #[cfg_attr(not(feature = "fs"), allow(dead_code, reason = "files ask"))]
    pub(crate) fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}
