//! The one place that chooses between std's primitives and a model checker's.

use std::sync::PoisonError;

#[cfg(not(any(loom, shuttle)))]
mod chosen {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
    pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

    macro_rules! constant_thread_local {
        ($(static $name:ident: $type:ty = $first:expr;)*) => {
            std::thread_local! { $(static $name: $type = const { $first };)* }
        };
    }
    pub(crate) use constant_thread_local as thread_local;
}

#[cfg(loom)]
mod chosen {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use loom::thread_local;
}

#[cfg(all(shuttle, not(loom)))]
mod chosen {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use shuttle::thread_local;
}

pub(crate) use chosen::*;

/// Locks `mutex`. No foreign code runs under a lock of this crate, so nothing can panic there and leave the data
/// half changed; a poison flag would tell nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
