//! The error of a runtime that is going away.

use std::error::Error;
use std::fmt;
use std::io;

/// Whether an operation failed because the runtime of this thread is shutting down.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// assert!(reveille_reactor::is_shutdown(&reveille_reactor::shutdown_error()));
/// assert!(!reveille_reactor::is_shutdown(&io::ErrorKind::TimedOut.into()));
/// ```
pub fn is_shutdown(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Shutdown>())
}

/// The error for which [`is_shutdown`] is true.
pub fn shutdown_error() -> io::Error {
    io::Error::other(Shutdown)
}

#[derive(Debug)]
struct Shutdown;

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the runtime of this thread is shutting down")
    }
}

impl Error for Shutdown {}
