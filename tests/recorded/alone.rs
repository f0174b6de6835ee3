//! One test at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The process has one recorder.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
