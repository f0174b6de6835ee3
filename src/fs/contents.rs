//! Whole files.

use std::fs as std_fs;
use std::path::Path;

use super::operation::Operation;

/// The whole contents of a file.
///
/// # Errors
///
/// As [`std::fs::read`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let manifest = reveille::block_on(reveille::fs::read("Cargo.toml"))?;
/// assert!(manifest.starts_with(b"["));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Operation<Vec<u8>> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::read(path))
}

/// The whole contents of a file, as text.
///
/// # Errors
///
/// As [`std::fs::read_to_string`], and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// That of every [`Operation`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let manifest = reveille::block_on(reveille::fs::read_to_string("Cargo.toml"))?;
/// assert!(manifest.contains("[package]"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn read_to_string(path: impl AsRef<Path>) -> Operation<String> {
    let path = path.as_ref().to_owned();
    Operation::new(move || std_fs::read_to_string(path))
}

/// Makes `contents` the whole contents of a file, which is made if there is none. They are copied first.
///
/// # Errors
///
/// As [`std::fs::write`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let path = std::env::temp_dir().join(format!("reveille-doc-write-{}", std::process::id()));
/// reveille::block_on(async {
///     fs::write(&path, "hello").await?;
///     assert_eq!(fs::read(&path).await?, b"hello");
/// #   fs::remove_file(&path).await
/// })
/// # }
/// ```
#[track_caller]
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Operation<()> {
    let path = path.as_ref().to_owned();
    let contents = contents.as_ref().to_owned();
    Operation::new(move || std_fs::write(path, contents))
}

/// Copies a file's contents and permissions to another one, which loses its own; how many bytes that were.
///
/// # Errors
///
/// As [`std::fs::copy`], and those that all of [`fs`](crate::fs#errors) has in common.
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
/// # let path = std::env::temp_dir().join(format!("reveille-doc-copy-{}", std::process::id()));
/// reveille::block_on(async {
///     let count = fs::copy("Cargo.toml", &path).await?;
///     assert_eq!(count, fs::metadata(&path).await?.len());
/// #   fs::remove_file(&path).await
/// })
/// # }
/// ```
#[track_caller]
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Operation<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    Operation::new(move || std_fs::copy(from, to))
}
