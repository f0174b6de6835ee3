//! Jobs of the blocking pool for input and output. Where there is no pool they are errors, as everything that does input or
//! output.

use std::io;

use crate::runtime::Handle;
use crate::task::JoinError;

/// Who needs the pool, and what serves where there is none, for the error's text.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) what: &'static str,
    pub(crate) instead: &'static str,
}

/// The runtime that is current, for a job on its pool.
pub(crate) fn runtime(needs: Needs) -> io::Result<Handle> {
    let Needs { what, instead } = needs;
    Handle::try_current().ok_or_else(|| {
        io::Error::other(format!(
            "{what} are read and written by the blocking pool of a runtime, and there is none here; \
             use `{instead}`, or do this inside `block_on` or a task"
        ))
    })
}

/// What became of a job. Nobody may abort it.
pub(crate) fn joined<T>(outcome: Result<T, JoinError>) -> io::Result<T> {
    outcome.map_err(|error| {
        if error.is_cancelled() {
            // Nobody but a runtime that shuts down has the handle.
            reveille_reactor::shutdown_error()
        } else {
            io::Error::other(error)
        }
    })
}
