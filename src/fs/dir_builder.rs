//! How to make a directory.

use std::io;
use std::path::Path;

use super::operation::Operation;

/// How to make a directory; as [`std::fs::DirBuilder`].
///
/// # Examples
///
/// ```
/// use reveille::fs::{self, DirBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// # let base = std::env::temp_dir().join(format!("reveille-doc-dir-builder-{}", std::process::id()));
/// reveille::block_on(async {
///     let path = base.join("one/two");
///     DirBuilder::new().recursive(true).create(&path).await?;
///     assert!(fs::metadata(&path).await?.is_dir());
/// #   fs::remove_dir_all(&base).await
/// })
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    #[cfg(unix)]
    mode: Option<u32>,
}

impl DirBuilder {
    /// One that makes a single directory, for everybody whom the process's mask does not exclude.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to make its parents too. Then it is no error if the directory is there.
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.recursive = recursive;
        self
    }

    /// Who may do what with it, before the process's mask is taken off.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// As [`std::fs::DirBuilder::create`], and those that all of [`fs`](crate::fs#errors) has in common.
    ///
    /// # Cancel safety
    ///
    /// That of every [`Operation`].
    #[track_caller]
    pub fn create(&self, path: impl AsRef<Path>) -> Operation<()> {
        let options = self.clone();
        let path = path.as_ref().to_owned();
        Operation::new(move || options.create_now(&path))
    }

    /// Blocks.
    fn create_now(&self, path: &Path) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.recursive);
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        }
        builder.create(path)
    }
}
