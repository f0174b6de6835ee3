//! What can go wrong: a deadline may pass.

use std::{error, fmt, io};

/// A [`timeout`](crate::timeout) ran out before its future was ready.
///
/// # Examples
///
/// ```
/// use std::future;
/// use reveille_timer::{Duration, timeout};
///
/// let result = pollster::block_on(timeout(Duration::from_millis(1), future::pending::<()>()));
/// let elapsed = result.unwrap_err();
/// assert_eq!(elapsed.to_string(), "deadline has elapsed");
/// assert_eq!(std::io::Error::from(elapsed).kind(), std::io::ErrorKind::TimedOut);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
