//! The system calls of our own, which no crate wraps that is small enough to be one of ours.

pub(crate) mod credentials;
pub(crate) mod descriptor;
pub(crate) mod look;
pub(crate) mod message;
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(crate) mod splice;
