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
/// The pointer in the slot is a [`Runnable`]'s, with its reference: whoever swaps it out has it.
pub(crate) struct LifoSlot(AtomicPtr<Header>);

impl LifoSlot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts a task in, and gives back the one that was there.
    #[inline]
    pub(crate) fn push(&self, task: Runnable) -> Option<Runnable> {
        // Release: pairs with the Acquire of whoever takes it out.
        Self::runnable(self.0.swap(task.into_pointer().as_ptr(), Ordering::AcqRel))
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
        // SAFETY: rules A and B: what is in the slot came from `into_pointer`, and the swap made it ours alone.
        NonNull::new(pointer).map(|task| unsafe { Runnable::from_counted(task) })
    }
}

impl Drop for LifoSlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::panic::Location;
    use std::sync::Arc;
    use std::task::Waker;

    use super::*;
    use crate::Config;
    use crate::home::Home;
    use crate::task;

    #[test]
    fn a_slot_frees_the_task_that_it_is_dropped_with() {
        let home = Arc::new(Home::new(Waker::noop().clone(), &Config::default()));
        let slot = LifoSlot::new();
        let (_, task, handle) = task::new(async {}, home.clone(), Location::caller());
        drop(handle);
        assert!(slot.push(task).is_none());
        drop(slot);
        assert_eq!(Arc::strong_count(&home), 1);
    }
}
