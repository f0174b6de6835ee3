//! Links: second names, and names that stand for a path.

use std::fs as std_fs;
use std::path::{Path, PathBuf};

use super::operation::Operation;

/// Gives a file one more name, `link`.
///
/// # Errors
///
/// As [`std::fs::hard_link`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let path = std::env::temp_dir().join(format!("reveille-doc-hard-link-{}", std::process::id()));
/// reveille::block_on(async {
///     fs::write(&path, "one file").await?;
///     fs::hard_link(&path, path.with_extension("other")).await?;
///     fs::remove_file(&path).await?;
///     assert_eq!(fs::read(path.with_extension("other")).await?, b"one file");
///     fs::remove_file(path.with_extension("other")).await
/// })
/// # }
/// ```
#[track_caller]
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    Operation::new(move || std_fs::hard_link(original, link))
}

/// What a symbolic link points to.
///
/// # Errors
///
/// As [`std::fs::read_link`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// use std::io::ErrorKind;
///
/// let error = reveille::block_on(reveille::fs::read_link("no such link")).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
#[track_caller]
pub fn read_link(path: impl AsRef<Path>) -> Operation<PathBuf> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::read_link(path))
}

/// Makes `link`, a symbolic link that points to `original`, whether or not that is there.
///
/// # Errors
///
/// As [`std::os::unix::fs::symlink`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// use reveille::fs;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("reveille-doc-symlink-{}", std::process::id()));
/// reveille::block_on(async {
///     fs::symlink("anywhere", &path).await?;
///     assert_eq!(fs::read_link(&path).await?, Path::new("anywhere"));
///     fs::remove_file(&path).await
/// })
/// # }
/// ```
#[cfg(unix)]
#[track_caller]
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    Operation::new(move || std::os::unix::fs::symlink(original, link))
}

/// Makes `link`, a symbolic link that points to `original`, which is to be a file.
///
/// # Errors
///
/// As [`std::os::windows::fs::symlink_file`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
#[cfg(windows)]
#[track_caller]
pub fn symlink_file(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    Operation::new(move || std::os::windows::fs::symlink_file(original, link))
}

/// Makes `link`, a symbolic link that points to `original`, which is to be a directory.
///
/// # Errors
///
/// As [`std::os::windows::fs::symlink_dir`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
#[cfg(windows)]
#[track_caller]
pub fn symlink_dir(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    Operation::new(move || std::os::windows::fs::symlink_dir(original, link))
}
