//! A file.

mod attributes;
mod descriptor;
mod futures_io;
mod heir;
mod into_std;
mod shared;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod transfer;

use std::fmt;
use std::fs::File as StdFile;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use into_std::IntoStd;
use shared::{Done, Shared};

use super::open_options::OpenOptions;
use super::operation::Operation;
use crate::task::JoinHandle;

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
/// **If a write fails in the background**, the next operation on the file fails with its error and does nothing else,
/// whichever it is: a read, a write, a flush, a seek, [`sync_all`](Self::sync_all) and so on. If there is none, nobody is told:
/// flush before you drop the file.
///
/// **What was accepted is written**, also if the file is dropped at once, and also if its runtime ends before that
/// job has begun: then the last thread that has to do with the file writes it, which is the one that ends the runtime or drops
/// the file. The file is closed after that, so perhaps later than it is dropped.
///
/// # Errors
///
/// The system's, that of a write in the background, and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// * `read`: safe. What the job of a read that was dropped has read is kept, and is what the next read gives. A write or seek
///   in between begins where the reader is, not where the job has read to. (A file that cannot seek, such as a terminal, keeps
///   it for the next read in any case.)
/// * `write`: safe; one that is dropped before it was ready has accepted nothing. `write_all` is not: it may have
///   written a part.
/// * `seek`: one that is dropped may be done or not. Asked for again at once, with the same argument, it is the same
///   seek, and a relative one is not done twice.
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
    job: Option<JoinHandle<Done>>,
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
    pub fn from_std(std: StdFile) -> Self {
        Self {
            shared: Arc::new(Shared::new(std)),
            job: None,
            max_buf_size: MAX_BUF_SIZE,
            #[cfg(feature = "tokio-io")]
            seek: Default::default(),
        }
    }

    /// Gives the file of std's back, when its jobs have ended. What was accepted is written then, and the position is
    /// where the reader is.
    ///
    /// If that fails nobody is told: flush first.
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
    /// The file itself, if a job has not ended, or what was accepted is not written.
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
        if self.job.as_ref().is_some_and(|job| !job.is_finished()) || self.shared.has_unwritten() {
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
    /// That of every [`Operation`].
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
    pub fn sync_all(&self) -> Operation<()> {
        self.in_turn(StdFile::sync_all)
    }

    /// As [`sync_all`](Self::sync_all), which has an example, but for what is not needed to read the data: times, say.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    #[track_caller]
    pub fn sync_data(&self) -> Operation<()> {
        self.in_turn(StdFile::sync_data)
    }

    /// Another handle to the same open file: they have one position. Each has its own jobs, so wait for one before
    /// something is done with the other.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
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
    pub fn try_clone(&self) -> Operation<Self> {
        let max_buf_size = self.max_buf_size;
        self.in_turn(move |std| {
            let mut clone = Self::from_std(std.try_clone()?);
            clone.max_buf_size = max_buf_size;
            Ok(clone)
        })
    }

    /// How many bytes one job reads or writes at most: 2 MiB, unless it was set.
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// Sets how many bytes one job reads or writes at most. A file has a buffer of up to this size; 0 counts as 1.
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

    #[track_caller]
    fn in_turn<T>(&self, work: impl FnOnce(&StdFile) -> io::Result<T> + Send + 'static) -> Operation<T> {
        let shared = self.shared.clone();
        Operation::new(move || shared.in_turn(work))
    }
}

impl From<StdFile> for File {
    fn from(std: StdFile) -> Self {
        Self::from_std(std)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(self.shared.std()).finish()
    }
}
