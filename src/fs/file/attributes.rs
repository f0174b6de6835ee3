//! What the system keeps of a file beside its contents.

use std::fs::{File as StdFile, FileTimes, Metadata, Permissions};
use std::time::SystemTime;

use super::{File, FileOperation};

impl File {
    /// Cuts the file off, or fills it up with zeros, at so many bytes. The position stays.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-doc-set-len-{}", std::process::id()));
    /// reveille::block_on(async {
    ///     let file = File::create(&path).await?;
    ///     file.set_len(10).await?;
    ///     assert_eq!(file.metadata().await?.len(), 10);
    /// #   reveille::fs::remove_file(&path).await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn set_len(&self, size: u64) -> FileOperation<'_, ()> {
        self.in_turn(move |std| std.set_len(size))
    }

    /// What the system knows of the file now: flush first, if a write may be on its way.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// See [`set_len`](Self::set_len) for an example.
    #[track_caller]
    pub fn metadata(&self) -> FileOperation<'_, Metadata> {
        self.out_of_turn(StdFile::metadata)
    }

    /// Changes who may do what with the file, at once.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// See [`fs::set_permissions`](crate::fs::set_permissions) for an example.
    #[track_caller]
    pub fn set_permissions(&self, permissions: Permissions) -> FileOperation<'_, ()> {
        self.out_of_turn(|std| std.set_permissions(permissions))
    }

    /// Changes when the file was last read and written.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// See [`set_modified`](Self::set_modified) for an example.
    #[track_caller]
    pub fn set_times(&self, times: FileTimes) -> FileOperation<'_, ()> {
        self.in_turn(move |std| std.set_times(times))
    }

    /// Changes when the file was last written.
    ///
    /// # Cancel safety
    ///
    /// That of every [`FileOperation`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use reveille::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-doc-set-modified-{}", std::process::id()));
    /// reveille::block_on(async {
    ///     let file = File::create(&path).await?;
    ///     file.set_modified(SystemTime::UNIX_EPOCH).await?;
    ///     assert_eq!(file.metadata().await?.modified()?, SystemTime::UNIX_EPOCH);
    /// #   reveille::fs::remove_file(&path).await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn set_modified(&self, time: SystemTime) -> FileOperation<'_, ()> {
        self.in_turn(move |std| std.set_modified(time))
    }
}
