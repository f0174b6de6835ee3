//! What is done with a file beside reading and writing.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::File;
use crate::fs::operation::Operation;

/// The future of the functions of a [`File`] that neither read, write nor move about in it.
///
/// Its first poll makes it a job of the runtime's blocking pool, as for an [`Operation`].
///
/// # Errors
///
/// The system's, that of a [write in the background](File#writing), and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// Dropped before its first poll it does nothing; afterwards it is done nevertheless, to its end, and nobody hears how it
/// went. The error of a write in the background is kept for the next operation then.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct FileOperation<'a, T> {
    file: &'a File,
    /// `None`: it has done nothing, since a write has failed before.
    operation: Operation<Option<T>>,
}

impl<'a, T> FileOperation<'a, T> {
    #[track_caller]
    pub(super) fn new(file: &'a File, work: impl FnOnce() -> io::Result<Option<T>> + Send + 'static) -> Self {
        Self {
            file,
            operation: Operation::new(work),
        }
    }
}

impl<T: Send + 'static> Future for FileOperation<'_, T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(Pin::new(&mut self.operation).poll(cx))?;
        Poll::Ready(done.ok_or_else(|| {
            let error = self.file.shared.take_error();
            error.unwrap_or_else(|| {
                io::Error::other("a write before this has failed; another operation said why")
            })
        }))
    }
}

impl<T> fmt::Debug for FileOperation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileOperation")
            .field("file", self.file)
            .field("operation", &self.operation)
            .finish()
    }
}
