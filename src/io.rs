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

pub use futures_lite::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite,
    AsyncWriteExt, BufReader, BufWriter, Cursor, copy, empty, repeat, sink,
};
#[cfg(unix)]
pub use reveille_net::source::{ReadyGuard, Source};
pub use reveille_reactor::{Interest, Ready};
