//! The halves of a [`TcpStream`].

mod connect;
mod futures_io;
mod into_split;
mod listener;
mod operations;
mod options;
mod split;
mod stream;

pub use connect::Connect;
pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use listener::Accept;
pub use listener::TcpListener;
pub use split::{ReadHalf, WriteHalf};
pub use stream::TcpStream;
