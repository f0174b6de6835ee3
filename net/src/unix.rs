//! Unix sockets: their addresses, the halves of a [`UnixStream`](crate::UnixStream), who is at the other end; and pipes.
//!
//! These are there on Unix only.

mod address;
mod connect;
mod credentials;
pub(crate) mod datagram;
mod datagram_operations;
mod datagram_unawaited;
mod descriptors;
pub mod future;
mod futures_io;
mod halves;
pub(crate) mod listener;
mod messages;
mod operations;
pub mod pipe;
pub(crate) mod stream;
mod unawaited;

/// The address of a Unix socket: a path, a name in Linux' abstract namespace, or none.
///
/// It is std's; `SocketAddrExt` of `std::os::linux::net` makes one of an abstract name.
pub use std::os::unix::net::SocketAddr;

pub use credentials::UCred;
pub use halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
