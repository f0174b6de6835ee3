//! TCP: the halves of a [`TcpStream`](crate::TcpStream), and how it is probed.

mod attempt;
pub(crate) mod connect;
mod futures_io;
mod into_split;
mod keepalive;
pub(crate) mod listener;
mod operations;
mod options;
mod platform;
pub(crate) mod socket;
mod split;
pub(crate) mod stream;

pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use keepalive::TcpKeepalive;
pub use split::{ReadHalf, WriteHalf};
