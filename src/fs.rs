//! Files and directories, on the runtime's blocking pool: [`std::fs`] for tasks.
//!
//! No system tells when a file is ready, so each operation is a job that a thread of the pool waits for, in place of the
//! task ([`spawn_blocking`](crate::task::spawn_blocking)). That costs some microseconds: read and write much at a time, through
//! [`BufReader`](crate::io::BufReader) and [`BufWriter`](crate::io::BufWriter) say, and do many small things in one job of
//! your own. A [paused](crate::time::pause) clock waits for these jobs, as for all of the pool.
//!
//! # Errors
//!
//! Each operation fails
//!
//! * outside a runtime, since there is no pool, with an error that says so, as the [standard streams](crate::io::stdin)
//!   do; `spawn_blocking` itself panics there. Under another executor: [enter](crate::runtime::Handle::enter) a runtime first;
//! * if its runtime shuts down before its job has begun: [`is_shutdown`](crate::runtime::is_shutdown) is true of that error;
//! * if the pool has no thread, and the system does not let it start one.
//!
//! # Cancel safety
//!
//! A job that has begun goes on to its end, whether or not somebody waits for it: so what [`write`](fn@write), [`copy`],
//! [`rename`] and the others do is done although their future is dropped. [`Operation`], [`File`] and [`ReadDir::next_entry`]
//! say more.
//!
//! # Examples
//!
//! ```
//! use reveille::fs::{self, File};
//! use reveille::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//!
//! # fn main() -> std::io::Result<()> {
//! # let path = std::env::temp_dir().join(format!("reveille-doc-fs-{}", std::process::id()));
//! reveille::block_on(async {
//!     let mut log = File::create(&path).await?;
//!     log.write_all(b"one\ntwo\n").await?;
//!     log.flush().await?;
//!
//!     let mut first = String::new();
//!     BufReader::new(File::open(&path).await?).read_line(&mut first).await?;
//!     assert_eq!(first, "one\n");
//!     fs::remove_file(&path).await
//! })
//! # }
//! ```

mod contents;
mod dir_builder;
mod directories;
mod entries;
mod file;
mod links;
mod open_options;
mod operation;
mod read_dir;

pub use contents::{copy, read, read_to_string, write};
pub use dir_builder::DirBuilder;
pub use directories::{create_dir, create_dir_all, remove_dir, remove_dir_all};
pub use entries::{
    canonicalize, metadata, remove_file, rename, set_permissions, symlink_metadata, try_exists,
};
pub use file::{File, FileOperation, IntoStd};
#[cfg(unix)]
pub use links::symlink;
pub use links::{hard_link, read_link};
#[cfg(windows)]
pub use links::{symlink_dir, symlink_file};
pub use open_options::OpenOptions;
pub use operation::Operation;
pub use read_dir::{DirEntry, NextEntry, ReadDir, read_dir};
