//! What is said of an entry of a directory, and what is done with it.

use std::fs::{self as std_fs, Metadata, Permissions};
use std::path::{Path, PathBuf};

use super::operation::Operation;

/// The whole path, from the root and without symbolic links.
///
/// # Errors
///
/// As [`std::fs::canonicalize`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let path = reveille::block_on(reveille::fs::canonicalize("src/../Cargo.toml"))?;
/// assert!(path.is_absolute() && !path.ends_with("src/../Cargo.toml"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn canonicalize(path: impl AsRef<Path>) -> Operation<PathBuf> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::canonicalize(path))
}

/// What the system knows of a file or directory; of what a symbolic link points to.
///
/// # Errors
///
/// As [`std::fs::metadata`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// assert!(reveille::block_on(reveille::fs::metadata("src"))?.is_dir());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn metadata(path: impl AsRef<Path>) -> Operation<Metadata> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::metadata(path))
}

/// As [`metadata`], of a symbolic link itself.
///
/// # Errors
///
/// As [`std::fs::symlink_metadata`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// assert!(!reveille::block_on(reveille::fs::symlink_metadata("src"))?.is_symlink());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn symlink_metadata(path: impl AsRef<Path>) -> Operation<Metadata> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::symlink_metadata(path))
}

/// Whether there is something of that name: an error if that cannot be told.
///
/// # Errors
///
/// As [`std::fs::exists`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// assert!(!reveille::block_on(reveille::fs::try_exists("no such file"))?);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn try_exists(path: impl AsRef<Path>) -> Operation<bool> {
    let path = path.as_ref().to_owned();
    Operation::new(move || path.try_exists())
}

/// Changes who may do what with a file or directory.
///
/// # Errors
///
/// As [`std::fs::set_permissions`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let path = std::env::temp_dir().join(format!("reveille-doc-permissions-{}", std::process::id()));
/// reveille::block_on(async {
///     fs::write(&path, "not to be changed").await?;
///     let mut permissions = fs::metadata(&path).await?.permissions();
///     permissions.set_readonly(true);
///     fs::set_permissions(&path, permissions).await?;
///     assert!(fs::metadata(&path).await?.permissions().readonly());
/// #   #[cfg(unix)]
/// #   fs::remove_file(&path).await?;
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> Operation<()> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::set_permissions(path, permissions))
}

/// Gives a file or directory another name, in the same file system. What had that name is replaced.
///
/// # Errors
///
/// As [`std::fs::rename`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let path = std::env::temp_dir().join(format!("reveille-doc-rename-{}", std::process::id()));
/// reveille::block_on(async {
///     // Who reads it meanwhile has the old contents or the new ones.
///     fs::write(path.with_extension("new"), "all of it").await?;
///     fs::rename(path.with_extension("new"), &path).await?;
///     assert_eq!(fs::read_to_string(&path).await?, "all of it");
///     fs::remove_file(&path).await
/// })
/// # }
/// ```
#[track_caller]
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Operation<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    Operation::new(move || std_fs::rename(from, to))
}

/// Removes a file's name. The file goes with its last name, when nobody has it open.
///
/// # Errors
///
/// As [`std::fs::remove_file`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// See [`rename`] for an example.
#[track_caller]
pub fn remove_file(path: impl AsRef<Path>) -> Operation<()> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::remove_file(path))
}
