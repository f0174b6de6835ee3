//! A slot for one runnable task, from which any thread may take it.

use std::ptr::{self, NonNull};

use super::cell::Header;
use super::reference::Runnable;
use crate::primitive::{AtomicPtr, Ordering};

/// The task that its worker runs next: the one that was woken last.
///
/// ```text
///                push                       push: the task before comes back
///   EMPTY ─────────────────▶ task ────────────────────────────────────────▶ task
///     ▲                       │
///     └───────────────────────┘
///        take, by the owner or by whoever rescues from it
/// ```
///
/// The pointer in the slot is a [`Runnable`]: whoever swaps it out has it.
pub(crate) struct LifoSlot(AtomicPtr<Header>);

impl LifoSlot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts a task in, by the one thread that may, and gives back the one that was there.
    #[inline]
    pub(crate) fn push(&self, task: Runnable) -> Option<Runnable> {
        let task = task.into_pointer().as_ptr();
        if self.is_empty() {
            // Nobody else makes it anything but empty. Release: pairs with the Acquire of whoever takes it out.
            self.0.store(task, Ordering::Release);
            return None;
        }
        // Release: as above.
        Self::runnable(self.0.swap(task, Ordering::AcqRel))
    }

    /// Takes the task out, if there is one.
    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable> {
        // Relaxed: this only saves the swap. A task that it misses was pushed by another thread, which only its owner
        // does, and its owner sees its own.
        if self.is_empty() {
            return None;
        }
        // Acquire: pairs with the Release in `push`.
        Self::runnable(self.0.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }

    fn runnable(pointer: *mut Header) -> Option<Runnable> {
        // SAFETY: rules A, B and I: what is in the slot came from `into_pointer`, and the swap made it ours alone.
        NonNull::new(pointer).map(|task| unsafe { Runnable::new(task) })
    }
}
