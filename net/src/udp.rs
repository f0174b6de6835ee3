//! UDP.

pub(crate) mod connect;
mod options;
pub(crate) mod send_to;
pub(crate) mod socket;
