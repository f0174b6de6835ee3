//! How to open a file.

use std::fs::OpenOptions as StdOpenOptions;
use std::panic::Location;
use std::path::Path;

use super::file::File;
use super::operation::Operation;

/// How to open a file; as [`std::fs::OpenOptions`], which says what each of them does.
///
/// # Examples
///
/// ```
/// use reveille::fs::{self, OpenOptions};
/// use reveille::io::AsyncWriteExt;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("reveille-doc-options-{}", std::process::id()));
/// reveille::block_on(async {
///     for line in ["one\n", "two\n"] {
///         let mut log = OpenOptions::new().append(true).create(true).open(&path).await?;
///         log.write_all(line.as_bytes()).await?;
///         log.flush().await?;
///     }
///     assert_eq!(fs::read_to_string(&path).await?, "one\ntwo\n");
/// #   fs::remove_file(&path).await
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(StdOpenOptions);

impl OpenOptions {
    /// Those with which nothing is allowed yet.
    #[must_use]
    pub fn new() -> Self {
        Self(StdOpenOptions::new())
    }

    /// Whether to read.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// Whether to write.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Whether each write goes to the end.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.0.append(append);
        self
    }

    /// Whether a file that is there loses its contents.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// Whether to make a file if there is none.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// Whether to make a file, and to fail if there is one.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.0.create_new(create_new);
        self
    }

    /// Opens the file, with these options as they are now.
    ///
    /// # Errors
    ///
    /// As [`std::fs::OpenOptions::open`], and those that all of [`fs`](crate::fs#errors) has in common.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    #[track_caller]
    pub fn open(&self, path: impl AsRef<Path>) -> Operation<File> {
        let options = self.0.clone();
        let path = path.as_ref().to_owned();
        let location = Location::caller();
        Operation::new(move || Ok(File::opened(options.open(path)?, location)))
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// For options that have no method here.
impl From<StdOpenOptions> for OpenOptions {
    fn from(options: StdOpenOptions) -> Self {
        Self(options)
    }
}

#[cfg(unix)]
impl OpenOptions {
    /// Who may do what with a file that is made, before the process's mask is taken off.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.0, mode);
        self
    }

    /// Flags for the system's `open` beside those of the other options.
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut self.0, flags);
        self
    }
}

#[cfg(windows)]
impl OpenOptions {
    /// The access that is asked for, in place of what the other options say.
    pub fn access_mode(&mut self, access: u32) -> &mut Self {
        std::os::windows::fs::OpenOptionsExt::access_mode(&mut self.0, access);
        self
    }

    /// What others may do with the file meanwhile.
    pub fn share_mode(&mut self, share: u32) -> &mut Self {
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut self.0, share);
        self
    }

    /// Flags for `CreateFile2`.
    pub fn custom_flags(&mut self, flags: u32) -> &mut Self {
        std::os::windows::fs::OpenOptionsExt::custom_flags(&mut self.0, flags);
        self
    }

    /// The attributes of a file that is made.
    pub fn attributes(&mut self, attributes: u32) -> &mut Self {
        std::os::windows::fs::OpenOptionsExt::attributes(&mut self.0, attributes);
        self
    }

    /// What the server of a named pipe may do in this process's name.
    pub fn security_qos_flags(&mut self, flags: u32) -> &mut Self {
        std::os::windows::fs::OpenOptionsExt::security_qos_flags(&mut self.0, flags);
        self
    }
}
