//! Jobs of the blocking pool for input and output. Where there is no pool they are errors, as everything that does input or
//! output.

use std::io;

use crate::runtime::Handle;
use crate::task::{JoinError, JoinHandle};

/// Who needs the pool, and what serves where there is none, for the error's text.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) what: &'static str,
    pub(crate) instead: &'static str,
}

/// Begins a job on the pool of the runtime that is current.
pub(crate) fn begin<T: Send + 'static>(
    needs: Needs,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    match Handle::try_current() {
        Some(runtime) => Ok(runtime.spawn_blocking(work)),
        None => {
            let Needs { what, instead } = needs;
            Err(io::Error::other(format!(
                "{what} are read and written by the blocking pool of a runtime, and there is none here; \
                 use `{instead}`, or do this inside `block_on` or a task"
            )))
        }
    }
}

/// What became of one. Nobody may abort it.
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
