//! The futures that the operations of Unix sockets return, beside those in [`crate::future`].

pub use crate::unix::connect::Connect;
pub use crate::unix::descriptors::{RecvWithFds, SendWithFds};
pub use crate::unix::listener::Accept;
pub use crate::unix::messages::SendTo;
