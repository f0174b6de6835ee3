//! How a task finds its home, without being counted there.

use std::mem::ManuallyDrop;
use std::sync::Arc;

/// A pointer to the home of a task. Its count is one place for all tasks and threads of a runtime, so a task that counted
/// there would pay for it twice; who may follow the pointer is rule H's.
pub(super) struct HomePointer<S>(*const S);

impl<S> HomePointer<S> {
    pub(super) fn new(home: &Arc<S>) -> Self {
        Self(Arc::as_ptr(home))
    }

    /// To be compared.
    #[inline]
    pub(super) fn as_ptr(&self) -> *const S {
        self.0
    }

    /// # Safety
    ///
    /// Rule H: the home is alive as long as the reference is used.
    #[inline]
    pub(super) unsafe fn follow<'a>(&self) -> &'a S {
        // SAFETY: the caller's promise.
        unsafe { &*self.0 }
    }

    /// # Safety
    ///
    /// Rule H: the home is alive.
    #[inline]
    pub(super) unsafe fn to_arc(&self) -> Arc<S> {
        // SAFETY: the pointer came from an `Arc`, which is counted by whoever keeps the home alive; `ManuallyDrop` leaves that
        // count alone.
        Arc::clone(&ManuallyDrop::new(unsafe { Arc::from_raw(self.0) }))
    }
}
