//! The synchronisation primitives of this crate: std's, or the model checker's own.
//!
//! [`fallback`](crate::fallback) alone takes std's by name: its thread lives as long as the process, and so longer
//! than any model.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

#[cfg(loom)]
pub(crate) use loom::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread_local,
};

#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread_local,
};

/// A thread-local with a constant first value, so that reading it needs no check for whether it was set up.
#[cfg(not(any(loom, shuttle)))]
macro_rules! constant_thread_local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $first:expr;)*) => {
        std::thread_local! { $($(#[$attribute])* static $name: $type = const { $first };)* }
    };
}
#[cfg(not(any(loom, shuttle)))]
pub(crate) use constant_thread_local as thread_local;
