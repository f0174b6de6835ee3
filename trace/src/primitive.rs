//! Std's primitives, or the model checker's. ThreadSanitizer, which sees no fence, needs no other: what the fences order here are
//! atomics.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
