//! Giving a file back to std.

use std::fmt;
use std::fs::File as StdFile;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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
    Settles(File),
    /// Something that was dropped before it was ready still has to do with the file.
    Inherits(Arc<Heir>),
    Over,
}

impl IntoStd {
    pub(super) fn new(file: File) -> Self {
        Self(Stage::Settles(file))
    }
}

impl Future for IntoStd {
    type Output = StdFile;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<StdFile> {
        let heir = match mem::replace(&mut self.0, Stage::Over) {
            Stage::Settles(mut file) => {
                // Whoever wants to know has flushed. What no job writes is written below.
                if file.poll_written(cx).is_pending() {
                    self.0 = Stage::Settles(file);
                    return Poll::Pending;
                }
                match Arc::try_unwrap(file.shared) {
                    Ok(shared) => return Poll::Ready(shared.into_std()),
                    Err(shared) => shared.bequeath(),
                }
            }
            Stage::Inherits(heir) => heir,
            Stage::Over => panic!("this was ready already; a file is given back once"),
        };
        let std = heir.poll(cx);
        if std.is_pending() {
            self.0 = Stage::Inherits(heir);
        }
        std
    }
}

impl fmt::Debug for IntoStd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoStd").finish_non_exhaustive()
    }
}
