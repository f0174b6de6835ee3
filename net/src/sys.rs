//! What no crate that is kept here wraps: the system calls of our own.

pub(crate) mod credentials;
