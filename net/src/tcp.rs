//! The halves of a [`TcpStream`](crate::TcpStream), what closing does, and [`TcpKeepalive`].
//!
//! # Closing, and who sees what
//!
//! A connection has two directions, and each is ended by the side that writes to it. *The end* is a `read` that returns
//! 0, as often as one asks; *goes on* means that nothing changes.
//!
//! | here | the peer reads | the peer writes | reading here | writing here |
//! |---|---|---|---|---|
//! | `shutdown(Write)`, `shutdown` or `close` of a half that writes, dropping an [`OwnedWriteHalf`] | what was written, then the end | goes on | goes on | `BrokenPipe` |
//! | `shutdown(Read)` | goes on | goes on | what has arrived, then the end; whoever waits is woken | goes on |
//! | `shutdown(Both)` | what was written, then the end | is reset (1) | what has arrived, then the end | `BrokenPipe` |
//! | dropping an [`OwnedReadHalf`], a borrowed half, or an [`OwnedWriteHalf`] by [`forget`](OwnedWriteHalf::forget) | goes on | goes on | goes on | goes on |
//! | dropping the stream or its last half, everything read | what was written, then the end | is reset (1) | | |
//! | dropping the stream or its last half, something unread | is reset | is reset | | |
//! | dropping the stream after [`set_zero_linger`](crate::TcpStream::set_zero_linger) | is reset; what was not sent is lost | is reset | | |
//!
//! *Is reset*: the next operation fails with `ConnectionReset`, those after it with `BrokenPipe` when writing, and with
//! the end when reading. So what was written last before a reset may never be read by the peer, though this side has
//! seen the write succeed: a protocol that needs to know waits for the peer's end or answer before it drops the stream.
//!
//! (1) Not at once: the peer's first write succeeds, the answer to it is the reset.
//!
//! On Linux `shutdown(Read)` tells the peer nothing, and what arrives later can still be read. macOS and the BSDs drop
//! that, and Windows resets the connection.

mod attempt;
pub(crate) mod connect;
mod futures_io;
mod into_split;
mod keepalive;
pub(crate) mod listener;
mod operations;
mod options;
mod platform;
mod race;
pub(crate) mod socket;
mod split;
pub(crate) mod stream;
mod unawaited;

pub use into_split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use keepalive::TcpKeepalive;
pub use split::{ReadHalf, WriteHalf};
