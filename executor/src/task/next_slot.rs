//! A slot for one runnable task, from which any thread may take it.

use std::ptr::{self, NonNull};

use super::cell::Header;
use super::reference::Runnable;
use crate::primitive::{AtomicPtr, Ordering};

/// The task that its worker runs next, before its queue: the first that a poll has woken, as most wake one.
///
/// ```text
///                push
///   EMPTY ─────────────────▶ task
///     ▲                       │
///     └───────────────────────┘
///        take, by the owner or by whoever rescues from it
/// ```
///
/// The pointer in the slot is a [`Runnable`]: whoever swaps it out has it.
pub(crate) struct NextSlot(AtomicPtr<Header>);

impl NextSlot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts a task in, by the one thread that may; gives it back if there is one.
    #[inline]
    pub(crate) fn push(&self, task: Runnable) -> Result<(), Runnable> {
        if !self.is_empty() {
            return Err(task);
        }
        // Nobody else makes it anything but empty. Release: pairs with the Acquire of whoever takes it out.
        self.0.store(task.into_pointer().as_ptr(), Ordering::Release);
        Ok(())
    }

    /// Takes the task out, if there is one.
    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable> {
        // Relaxed: this only saves the swap. A task that it misses was pushed by another thread, which only its owner
        // does, and its owner sees its own.
        if self.is_empty() {
            return None;
        }
        // Acquire: pairs with the Release in `push`. Who finds it empty reads nothing that came before.
        let task = self.0.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: rules A, B and I: what is in the slot came from `into_pointer`, and the swap made it ours alone.
        NonNull::new(task).map(|task| unsafe { Runnable::new(task) })
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }
}
