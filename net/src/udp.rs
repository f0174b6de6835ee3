//! UDP.

pub(crate) mod connect;
mod operations;
mod options;
pub(crate) mod send_to;
pub(crate) mod socket;
