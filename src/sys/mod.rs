//! What the system offers and no kept crate wraps. The unsafe room of this crate.

#[cfg(unix)]
#[path = "signal_unix.rs"]
pub(crate) mod signal;

#[cfg(not(unix))]
#[path = "signal_other.rs"]
pub(crate) mod signal;
