//! A file.

mod ahead;
mod attributes;
mod descriptor;
mod futures_io;
mod heir;
mod into_std;
mod operation;
mod shared;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod transfer;

use std::fmt;
use std::fs::File as StdFile;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

pub use into_std::IntoStd;
pub use operation::FileOperation;
use shared::{Done, Shared};

use super::open_options::OpenOptions;
use super::operation::Operation;
use crate::pool_job::Job;

/// An open file. It is read, written and moved about in by jobs of the blocking pool, one at a time.
///
/// It implements the traits of `futures-io` ([`AsyncRead`](crate::io::AsyncRead), [`AsyncWrite`](crate::io::AsyncWrite),
/// [`AsyncSeek`](crate::io::AsyncSeek)) and, with the feature `tokio-io`, those of tokio. As with
/// [`std::fs::File`], there is one position, which reading, writing and seeking move; but for the waiting this is a file of
/// std's.
///
/// # Writing
///
/// A write is ready when its bytes are accepted: they are copied, at most [`max_buf_size`](Self::max_buf_size) of them, and
/// handed to a job. The next operation waits until that has ended. `flush` waits for it too, and so says whether everything
/// has been written; `close` is the same.
///
/// **If a write fails in the background**, the next operation on the file that is waited for to its end fails with its error
/// and does nothing else, whichever it is: a read, a write, a flush, a seek, [`sync_all`](Self::sync_all) and so on, but for
/// [`metadata`](Self::metadata) and [`set_permissions`](Self::set_permissions), which wait for nothing. If there is none,
/// nobody is told: flush before you drop the file.
///
/// **What was accepted is written**, also if the file is dropped at once, and also if its runtime begins to shut down before that
/// job has begun: a shutdown cancels no such job, waits for it as for one that runs, and reports it
/// ([`shutdown_background`](crate::runtime::Runtime::shutdown_background) does not wait: then it must be done when the process
/// ends). The file is closed after that, so perhaps later than it is dropped. Only if the system had no thread for the job is it
/// written by whoever drops the file.
///
/// A read, write or seek that stands, of a FIFO say, has a thread of the pool until it ends, and so has each operation that waits
/// for its turn behind it. A report of its jobs, as of a [shutdown](crate::runtime::ShutdownReport), says where the file was
/// opened.
///
/// # Errors
///
/// The system's, that of a write in the background, and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// * `read`: safe. What the job of a read that was dropped has read is kept, and is what the next read gives. A write or seek
///   in between begins where the reader is, not where the job has read to. (What is neither a file nor a disk, such as a
///   terminal or a socket, keeps it for the next read in any case.)
/// * `write`: safe; one that is dropped before it was ready has accepted nothing. `write_all` is not: it may have
///   written a part.
/// * `seek`: one that is dropped may be done or not, but not after what comes next. Asked for again at once, with the same
///   argument, it is the same seek, and a relative one is not done twice. (By tokio's traits it is another one.)
/// * `flush` and `close`: safe, and what they wait for goes on.
///
/// # Examples
///
/// ```
/// use std::io::SeekFrom;
///
/// use reveille::fs::File;
/// use reveille::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("reveille-doc-file-{}", std::process::id()));
/// reveille::block_on(async {
///     let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).await?;
///     file.write_all(b"hello, world").await?;
///     file.flush().await?;
///
///     file.seek(SeekFrom::Start(7)).await?;
///     let mut rest = String::new();
///     file.read_to_string(&mut rest).await?;
///     assert_eq!(rest, "world");
/// #   reveille::fs::remove_file(&path).await
/// })
/// # }
/// ```
pub struct File {
    shared: Arc<Shared>,
    /// At most one: who reads or writes waits for it first.
    job: Option<Job<Done>>,
    /// Where it was opened, which is what reports of its jobs say.
    location: &'static Location<'static>,
    max_buf_size: usize,
    #[cfg(feature = "tokio-io")]
    seek: tokio_io::Seek,
}

/// tokio's.
const MAX_BUF_SIZE: usize = 2 * 1024 * 1024;

impl File {
    /// Opens a file for reading.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    /// use reveille::io::AsyncReadExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// reveille::block_on(async {
    ///     let mut manifest = String::new();
    ///     File::open("Cargo.toml").await?.read_to_string(&mut manifest).await?;
    ///     assert!(manifest.contains("[package]"));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> Operation<Self> {
        Self::options().read(true).open(path)
    }

    /// Opens a file for writing. If there is one it loses its contents, else it is made.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    ///
    /// See [`into_std`](Self::into_std) for an example.
    #[track_caller]
    pub fn create(path: impl AsRef<Path>) -> Operation<Self> {
        Self::options().write(true).create(true).truncate(true).open(path)
    }

    /// Makes a file, and opens it for reading and writing.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if there is one.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    ///
    /// See [`try_clone`](Self::try_clone) for an example.
    #[track_caller]
    pub fn create_new(path: impl AsRef<Path>) -> Operation<Self> {
        Self::options().read(true).write(true).create_new(true).open(path)
    }

    /// How to open a file, else than by the three before.
    ///
    /// See [`File`] for an example.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes a file of std's over. It works anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let file = File::from_std(std::fs::File::open("Cargo.toml")?);
    /// assert!(reveille::block_on(file.metadata())?.is_file());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(std: StdFile) -> Self {
        Self::opened(std, Location::caller())
    }

    pub(super) fn opened(std: StdFile, location: &'static Location<'static>) -> Self {
        Self {
            shared: Arc::new(Shared::new(std)),
            job: None,
            location,
            max_buf_size: MAX_BUF_SIZE,
            #[cfg(feature = "tokio-io")]
            seek: Default::default(),
        }
    }

    /// Gives the file of std's back, when its jobs have ended. What was accepted is written then, and the position is
    /// where the reader is.
    ///
    /// If that fails nobody is told: flush first. What a dropped read has read from what cannot seek, a terminal say, is lost:
    /// [`try_into_std`](Self::try_into_std) tells.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// use reveille::fs::File;
    /// use reveille::io::AsyncWriteExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-doc-into-std-{}", std::process::id()));
    /// reveille::block_on(async {
    ///     let mut file = File::create(&path).await?;
    ///     file.write_all(b"one, ").await?;
    ///     file.flush().await?;
    ///     let mut file: std::fs::File = file.into_std().await;
    ///     file.write_all(b"two")?;
    ///     assert_eq!(reveille::fs::read(&path).await?, b"one, two");
    /// #   reveille::fs::remove_file(&path).await
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> IntoStd {
        IntoStd::new(self)
    }

    /// As [`into_std`](Self::into_std), without waiting.
    ///
    /// # Errors
    ///
    /// The file itself, if a job has not ended, or something would be lost: what was accepted and is not written, an error that
    /// nobody was told, or what a dropped read has read from what cannot seek.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let file = reveille::block_on(File::open("Cargo.toml"))?;
    /// let file: std::fs::File = file.try_into_std().expect("nothing was done with it");
    /// # drop(file);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_into_std(mut self) -> Result<StdFile, Self> {
        if self.job.as_ref().is_some_and(|job| !job.is_finished()) || self.shared.is_more_than_std() {
            return Err(self);
        }
        match Arc::try_unwrap(self.shared) {
            Ok(shared) => Ok(shared.into_std()),
            Err(shared) => {
                self.shared = shared;
                Err(self)
            }
        }
    }

    /// Waits until everything that was accepted, and what the system knows of the file, is on the disk.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    /// use reveille::io::AsyncWriteExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-doc-sync-{}", std::process::id()));
    /// reveille::block_on(async {
    ///     let mut file = File::create(&path).await?;
    ///     file.write_all(b"not to be lost").await?;
    ///     file.sync_all().await?;
    /// #   reveille::fs::remove_file(&path).await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn sync_all(&self) -> FileOperation<'_, ()> {
        self.in_turn(StdFile::sync_all)
    }

    /// As [`sync_all`](Self::sync_all), which has an example, but for what is not needed to read the data: times, say.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    #[track_caller]
    pub fn sync_data(&self) -> FileOperation<'_, ()> {
        self.in_turn(StdFile::sync_data)
    }

    /// Another handle to the same open file: they have one position. Each has its own jobs, so wait for one before
    /// something is done with the other.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    /// use reveille::io::AsyncWriteExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-doc-try-clone-{}", std::process::id()));
    /// reveille::block_on(async {
    ///     let mut one = File::create_new(&path).await?;
    ///     let mut other = one.try_clone().await?;
    ///     one.write_all(b"one ").await?;
    ///     one.flush().await?;
    ///     other.write_all(b"file").await?;
    ///     other.flush().await?;
    ///     assert_eq!(reveille::fs::read(&path).await?, b"one file");
    /// #   reveille::fs::remove_file(&path).await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn try_clone(&self) -> FileOperation<'_, Self> {
        let (max_buf_size, location) = (self.max_buf_size, Location::caller());
        self.in_turn(move |std| {
            let mut clone = Self::opened(std.try_clone()?, location);
            clone.max_buf_size = max_buf_size;
            Ok(clone)
        })
    }

    /// How many bytes one job reads or writes at most: 2 MiB, unless it was set.
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// Sets how many bytes one job reads or writes at most. A file has two buffers of up to this size, one for each; 0 counts
    /// as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    /// use reveille::io::AsyncWriteExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-doc-buf-size-{}", std::process::id()));
    /// reveille::block_on(async {
    ///     let mut file = File::create(&path).await?;
    ///     file.set_max_buf_size(4);
    ///     assert_eq!(file.write(b"hello").await?, 4);
    /// #   reveille::fs::remove_file(&path).await
    /// })
    /// # }
    /// ```
    pub fn set_max_buf_size(&mut self, max_buf_size: usize) {
        self.max_buf_size = max_buf_size.max(1);
    }

    /// After what was asked for before.
    #[track_caller]
    fn in_turn<T>(
        &self,
        work: impl FnOnce(&StdFile) -> io::Result<T> + Send + 'static,
    ) -> FileOperation<'_, T> {
        let shared = self.shared.clone();
        FileOperation::new(self, move || shared.in_turn(work))
    }

    /// Whatever else is going on.
    #[track_caller]
    fn out_of_turn<T>(
        &self,
        work: impl FnOnce(&StdFile) -> io::Result<T> + Send + 'static,
    ) -> FileOperation<'_, T> {
        let shared = self.shared.clone();
        FileOperation::new(self, move || work(shared.std()).map(Some))
    }
}

impl From<StdFile> for File {
    #[track_caller]
    fn from(std: StdFile) -> Self {
        Self::from_std(std)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(self.shared.std()).finish()
    }
}
