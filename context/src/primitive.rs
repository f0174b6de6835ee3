//! The thread-local macro of std, or the model checker's own: loom and shuttle run all their threads on one.

#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::thread_local;

#[cfg(loom)]
pub(crate) use loom::thread_local;

#[cfg(shuttle)]
pub(crate) use shuttle::thread_local;
