//! UDP.

pub(crate) mod connect;
mod operations;
mod options;
pub(crate) mod owned;
mod received;
pub(crate) mod send_to;
pub(crate) mod socket;
mod unawaited;
