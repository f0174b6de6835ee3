//! For the runtimes whose tasks belong to the thread that spawned them, under scenarios that are written for all.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What never leaves its thread, though it says that it could. It costs nothing.
pub struct OnOneThread<T>(T);

// SAFETY: whoever made it promised that it stays where it is.
unsafe impl<T> Send for OnOneThread<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OnOneThread<T> {}

impl<T> OnOneThread<T> {
    /// # Safety
    ///
    /// It, and references to it, are used and dropped by this thread only.
    pub unsafe fn new(value: T) -> Self {
        Self(value)
    }

    /// What it was made from.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for OnOneThread<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for OnOneThread<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<F: Future> Future for OnOneThread<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is pinned as this is, and is not moved out.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }.poll(context)
    }
}
