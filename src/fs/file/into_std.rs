//! Giving a file back to std.

use std::fmt;
use std::fs::File as StdFile;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::File;
use super::heir::Heir;

/// The future of [`File::into_std`], which has an example.
///
/// # Cancel safety
///
/// Dropping it drops the file.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct IntoStd(Stage);

enum Stage {
    /// `None` only in between.
    Settles(Option<File>),
    /// Something that was dropped before it was ready still has to do with the file.
    Inherits(Arc<Heir>),
}

impl IntoStd {
    pub(super) fn new(file: File) -> Self {
        Self(Stage::Settles(Some(file)))
    }
}

impl Future for IntoStd {
    type Output = StdFile;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<StdFile> {
        if let Stage::Settles(file) = &mut self.0 {
            // Whoever wants to know has flushed. What no job writes is written below.
            if let Some(file) = file {
                let _ = ready!(file.poll_written(cx));
            }
            let file = file
                .take()
                .expect("this was ready already; a file is given back once");
            match Arc::try_unwrap(file.shared) {
                Ok(shared) => return Poll::Ready(shared.into_std()),
                Err(shared) => self.0 = Stage::Inherits(shared.bequeath()),
            }
        }
        match &self.0 {
            Stage::Inherits(heir) => heir.poll(cx),
            Stage::Settles(_) => unreachable!("that is over"),
        }
    }
}

impl fmt::Debug for IntoStd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoStd").finish_non_exhaustive()
    }
}
