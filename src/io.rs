//! The I/O traits and what is built on them: `futures-io`'s traits, `futures-lite`'s extensions.
//!
//! # Examples
//!
//! ```
//! use reveille::io::{AsyncBufReadExt, BufReader, Cursor};
//!
//! # fn main() -> std::io::Result<()> {
//! reveille::block_on(async {
//!     let mut line = String::new();
//!     BufReader::new(Cursor::new(b"one\ntwo\n")).read_line(&mut line).await?;
//!     assert_eq!(line, "one\n");
//!     Ok(())
//! })
//! # }
//! ```

mod copy_bidirectional;
mod duplex;
#[cfg(feature = "hyper")]
mod hyper_io;
mod stdio;
#[cfg(feature = "tokio-io")]
mod tokio_io;
#[cfg(any(feature = "hyper", feature = "tokio-io"))]
mod write_as_futures_io;

pub use copy_bidirectional::{CopyBidirectional, copy_bidirectional, copy_bidirectional_with_sizes};
pub use duplex::{DuplexStream, duplex};
pub use futures_lite::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite,
    AsyncWriteExt, BufReader, BufWriter, Cursor, ReadHalf, WriteHalf, copy, empty, repeat, sink, split,
};
#[cfg(unix)]
pub use reveille_net::source::{ReadyGuard, Source};
pub use reveille_reactor::{Interest, Ready};
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
