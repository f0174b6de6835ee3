//! The primitives of std, or their doubles in a model checker: the one place of this crate that knows which.
//!
//! `Arc` is std's in every build: what it guards here has no unsafe cells, and wakers need std's.

#[cfg(not(any(loom, shuttle)))]
mod chosen {
    #[cfg(tsan)]
    pub(crate) use crate::primitive::fence_as_read_modify_write as fence;
    pub(crate) use crossbeam_queue::SegQueue;
    #[cfg(not(tsan))]
    pub(crate) use std::sync::atomic::fence;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
    pub(crate) use std::sync::{Condvar, Mutex};
    pub(crate) use std::thread::{
        Builder as ThreadBuilder, JoinHandle, Thread, current as current_thread, park as park_thread,
    };

    pub(crate) use crate::primitive::constant_thread_local as thread_local;
}

#[cfg(loom)]
mod chosen {
    pub(crate) use crate::modelled_queue::SegQueue;
    pub(crate) use crate::modelled_thread::{Thread, current_thread, park_thread};
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
    };
    pub(crate) use loom::sync::{Condvar, Mutex};
    pub(crate) use loom::thread::{Builder as ThreadBuilder, JoinHandle};
    pub(crate) use loom::thread_local;
}

#[cfg(shuttle)]
mod chosen {
    pub(crate) use crate::locked_queue::SegQueue;
    pub(crate) use shuttle::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
    };
    pub(crate) use shuttle::sync::{Condvar, Mutex};
    pub(crate) use shuttle::thread::{
        Builder as ThreadBuilder, JoinHandle, Thread, current as current_thread, park as park_thread,
    };
    pub(crate) use shuttle::thread_local;
}

pub(crate) use chosen::*;
use std::io;
pub(crate) use std::sync::atomic::Ordering;
use std::sync::{PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// A fence for ThreadSanitizer, which sees none: all of them read and write one place, so each synchronises with those
/// before it. That is more than the fences promise, so what leans on a fence is for the models to show.
#[cfg(tsan)]
pub(crate) fn fence_as_read_modify_write(_: Ordering) {
    static FENCE: AtomicUsize = AtomicUsize::new(0);
    FENCE.fetch_add(1, Ordering::SeqCst);
}

/// Whether memory is used again without a word to its allocator: who looks for uses after a free must hear of each.
pub(crate) const KEEPS_MEMORY: bool = !cfg!(any(loom, shuttle, miri, memory_checker));

/// Whether time goes by: in a model checker it does not.
pub(crate) const HAS_CLOCK: bool = !cfg!(any(loom, shuttle));

/// Locks `mutex`. Nothing of ours panics under a lock, and no foreign code runs there, so a poisoned one can only
/// stem from a panic in an allocation; its data is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for `condvar`, once; as `lock` for the rest.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Waits for `condvar`, once; an error if the deadline has passed.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Instant,
) -> Result<MutexGuard<'a, T>, MutexGuard<'a, T>> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(guard);
    }
    let waited = condvar.wait_timeout(guard, left);
    Ok(waited.unwrap_or_else(PoisonError::into_inner).0)
}

/// Waits for `condvar`, once, for so long at most.
#[cfg(not(shuttle))]
pub(crate) fn wait_for<T>(condvar: &Condvar, guard: MutexGuard<'_, T>, duration: Duration) {
    drop(wait_until(condvar, guard, Instant::now() + duration));
}

/// A model has no clock: the time is over when the others have had their turn.
#[cfg(shuttle)]
pub(crate) fn wait_for<T>(_: &Condvar, guard: MutexGuard<'_, T>, _: Duration) {
    drop(guard);
    shuttle::thread::yield_now();
}

/// Starts a thread. A name with a zero byte, at which std panics, is an error.
pub(crate) fn spawn_thread(
    name: &str,
    stack_size: Option<usize>,
    main: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    if name.contains('\0') {
        let text = format!("{name:?} is no name for a thread: there is a zero byte in it");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut builder = ThreadBuilder::new().name(name.to_owned());
    if let Some(size) = stack_size {
        builder = builder.stack_size(size);
    }
    builder.spawn(main)
}

/// Waits for a thread's end, unless it is this one.
#[cfg(not(any(loom, shuttle)))]
pub(crate) fn join_thread(handle: JoinHandle<()>) {
    if handle.thread().id() != current_thread().id() {
        // A panic was reported by its hook.
        let _ = handle.join();
    }
}

/// As above; no model waits for its own thread.
#[cfg(any(loom, shuttle))]
pub(crate) fn join_thread(handle: JoinHandle<()>) {
    let _ = handle.join();
}

/// Locks `mutex` unless somebody has it locked.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(loom)]
pub(crate) use loom::sync::MutexGuard;
#[cfg(shuttle)]
pub(crate) use shuttle::sync::MutexGuard;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::MutexGuard;

/// `UnsafeCell` with the interface of loom's, which checks that accesses do not overlap.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;

/// Part of an allocation that is to be found if it leaks, by a model checker.
#[cfg(not(loom))]
pub(crate) struct Tracked;

#[cfg(not(loom))]
impl Tracked {
    pub(crate) fn new((): ()) -> Self {
        Self
    }
}

#[cfg(loom)]
pub(crate) type Tracked = loom::alloc::Track<()>;

/// A thread-local with a constant first value, so that reading it needs no check for whether it was set up.
#[cfg(not(any(loom, shuttle)))]
macro_rules! constant_thread_local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $first:expr;)*) => {
        std::thread_local! { $($(#[$attribute])* static $name: $type = const { $first };)* }
    };
}
#[cfg(not(any(loom, shuttle)))]
pub(crate) use constant_thread_local;
