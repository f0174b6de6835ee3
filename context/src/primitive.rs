//! Thread-locals of std, or the model checker's own: loom and shuttle run all their threads on one.

/// A thread-local with a constant first value, so that reading it needs no check for whether it was set up.
#[cfg(not(any(loom, shuttle)))]
macro_rules! constant_thread_local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $first:expr;)*) => {
        std::thread_local! { $($(#[$attribute])* static $name: $type = const { $first };)* }
    };
}
#[cfg(not(any(loom, shuttle)))]
pub(crate) use constant_thread_local as thread_local;

#[cfg(loom)]
pub(crate) use loom::thread_local;

#[cfg(shuttle)]
pub(crate) use shuttle::thread_local;
