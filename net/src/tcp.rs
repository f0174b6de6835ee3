//! The halves of a [`TcpStream`](crate::TcpStream).

pub(crate) mod connect;
mod futures_io;
mod into_split;
pub(crate) mod listener;
mod operations;
mod options;
mod split;
pub(crate) mod stream;

pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use split::{ReadHalf, WriteHalf};
