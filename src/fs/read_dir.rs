//! What is in a directory.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self as std_fs, FileType, Metadata};
use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_lite::Stream;

use super::operation::{NEEDS, Operation};
use crate::pool_job::{self, Job};

/// Lists a directory, in no particular order.
///
/// # Errors
///
/// As [`std::fs::read_dir`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// use reveille::fs;
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut names = Vec::new();
///     let mut entries = fs::read_dir(".").await?;
///     while let Some(entry) = entries.next_entry().await? {
///         names.push(entry.file_name());
///     }
///     assert!(names.contains(&"Cargo.toml".into()));
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn read_dir(path: impl AsRef<Path>) -> Operation<ReadDir> {
    let path = path.as_ref().to_owned();
    let location = Location::caller();
    Operation::new(move || {
        let stage = Stage::Handing(Batch::read(std_fs::read_dir(path)?));
        Ok(ReadDir { stage, location })
    })
}

/// The entries of a directory; made by [`read_dir`], which has an example. It is a stream of them too.
///
/// A job reads some dozens at a time.
pub struct ReadDir {
    stage: Stage,
    /// Of [`read_dir`].
    location: &'static Location<'static>,
}

enum Stage {
    Handing(Batch),
    Reading(Job<Batch>),
    /// The job that had it was cancelled.
    Lost,
}

/// As many entries as one job reads: tokio's number.
const AT_ONCE: usize = 32;

struct Batch {
    entries: VecDeque<io::Result<DirEntry>>,
    /// `None` at the end.
    rest: Option<std_fs::ReadDir>,
}

impl ReadDir {
    /// The next entry; `None` when there is none any more.
    ///
    /// # Errors
    ///
    /// The system's, and those that all of [`fs`](crate::fs#errors) has in common. One may go on after them, but for that of
    /// a runtime that ends: with its job the rest is lost, and there is nothing but errors.
    ///
    /// # Cancel safety
    ///
    /// Safe: no entry is lost.
    pub fn next_entry(&mut self) -> NextEntry<'_> {
        NextEntry(self)
    }

    /// As [`next_entry`](Self::next_entry), for `poll` functions.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            match &mut self.stage {
                Stage::Handing(batch) => {
                    if let Some(entry) = batch.entries.pop_front() {
                        return Poll::Ready(entry.map(Some));
                    }
                    let Some(rest) = batch.rest.take() else {
                        return Poll::Ready(Ok(None));
                    };
                    match pool_job::runtime(NEEDS) {
                        Ok(runtime) => {
                            let read = move || Batch::read(rest);
                            self.stage = Stage::Reading(Job::begin(runtime, self.location, read));
                        }
                        Err(error) => {
                            batch.rest = Some(rest);
                            return Poll::Ready(Err(error));
                        }
                    }
                }
                Stage::Reading(job) => {
                    let batch = ready!(job.poll(cx));
                    self.stage = Stage::Lost;
                    self.stage = Stage::Handing(batch?);
                }
                Stage::Lost => {
                    return Poll::Ready(Err(io::Error::other(
                        "the directory was being read when there was no runtime any more; read it anew",
                    )));
                }
            }
        }
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_entry(cx).map(Result::transpose)
    }
}

impl Batch {
    /// Blocks.
    fn read(mut rest: std_fs::ReadDir) -> Self {
        let entries: VecDeque<_> = rest
            .by_ref()
            .take(AT_ONCE)
            .map(|entry| entry.map(|entry| DirEntry(Arc::new(entry))))
            .collect();
        let rest = (entries.len() == AT_ONCE).then_some(rest);
        Self { entries, rest }
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}

/// The future of [`ReadDir::next_entry`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct NextEntry<'a>(&'a mut ReadDir);

impl Future for NextEntry<'_> {
    type Output = io::Result<Option<DirEntry>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_next_entry(cx)
    }
}

/// What is in a directory: one of it.
///
/// # Examples
///
/// ```
/// use reveille::fs;
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut entries = fs::read_dir("src").await?;
///     while let Some(entry) = entries.next_entry().await? {
///         if entry.file_type().await?.is_file() {
///             println!("{}: {} bytes", entry.path().display(), entry.metadata().await?.len());
///         }
///     }
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct DirEntry(Arc<std_fs::DirEntry>);

impl DirEntry {
    /// The path that was given to [`read_dir`], with this entry's name.
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// The name alone.
    pub fn file_name(&self) -> OsString {
        self.0.file_name()
    }

    /// What the system knows of it; of a symbolic link, not of what that points to.
    ///
    /// # Errors
    ///
    /// The system's, and those that all of [`fs`](crate::fs#errors) has in common.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    #[track_caller]
    pub fn metadata(&self) -> Operation<Metadata> {
        let entry = self.0.clone();
        Operation::new(move || entry.metadata())
    }

    /// Whether it is a file, a directory, a symbolic link.
    ///
    /// # Errors
    ///
    /// The system's, and those that all of [`fs`](crate::fs#errors) has in common.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    #[track_caller]
    pub fn file_type(&self) -> Operation<FileType> {
        let entry = self.0.clone();
        Operation::new(move || entry.file_type())
    }

    /// The number of its inode.
    #[cfg(unix)]
    pub fn ino(&self) -> u64 {
        std::os::unix::fs::DirEntryExt::ino(&*self.0)
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
