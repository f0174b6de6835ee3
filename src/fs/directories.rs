//! Making directories, and removing them.

use std::fs as std_fs;
use std::path::Path;

use super::operation::Operation;

/// Makes a directory. Its parent must be there.
///
/// # Errors
///
/// As [`std::fs::create_dir`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let path = std::env::temp_dir().join(format!("reveille-doc-create-dir-{}", std::process::id()));
/// reveille::block_on(async {
///     fs::create_dir(&path).await?;
///     assert!(fs::metadata(&path).await?.is_dir());
///     fs::remove_dir(&path).await
/// })
/// # }
/// ```
#[track_caller]
pub fn create_dir(path: impl AsRef<Path>) -> Operation<()> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::create_dir(path))
}

/// Makes a directory and those above it, as far as they are not there.
///
/// # Errors
///
/// As [`std::fs::create_dir_all`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let base = std::env::temp_dir().join(format!("reveille-doc-create-dir-all-{}", std::process::id()));
/// reveille::block_on(async {
///     fs::create_dir_all(base.join("one/two")).await?;
///     fs::write(base.join("one/two/three"), "").await?;
///     fs::remove_dir_all(&base).await
/// })
/// # }
/// ```
#[track_caller]
pub fn create_dir_all(path: impl AsRef<Path>) -> Operation<()> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::create_dir_all(path))
}

/// Removes an empty directory.
///
/// # Errors
///
/// As [`std::fs::remove_dir`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// See [`create_dir`] for an example.
#[track_caller]
pub fn remove_dir(path: impl AsRef<Path>) -> Operation<()> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::remove_dir(path))
}

/// Removes a directory and all that is in it. Symbolic links are removed, not followed.
///
/// # Errors
///
/// As [`std::fs::remove_dir_all`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// See [`create_dir_all`] for an example.
#[track_caller]
pub fn remove_dir_all(path: impl AsRef<Path>) -> Operation<()> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::remove_dir_all(path))
}
