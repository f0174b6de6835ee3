//! The waker of whoever waits for a task's output: a slot that others may look at.
//!
//! It is two words, which are atomics so that who lists a runtime's tasks may read the first while somebody else changes them. It
//! compares it with the addresses of tasks, and follows it nowhere. Everybody else goes by rule D.

pub(super) use chosen::JoinWaker;

#[cfg(not(loom))]
mod chosen {
    use std::mem;
    use std::ptr;
    // Std's also where a checker has doubles of them: they carry nothing from one thread to another.
    use std::sync::atomic::{AtomicPtr, Ordering};
    use std::task::{RawWakerVTable, Waker};

    pub(in super::super) struct JoinWaker {
        data: AtomicPtr<()>,
        /// Null: there is no waker.
        table: AtomicPtr<RawWakerVTable>,
    }

    // All accesses are Relaxed: by rule D the slot is handed on by the task's state.
    impl JoinWaker {
        pub(in super::super) fn new() -> Self {
            Self {
                data: AtomicPtr::new(ptr::null_mut()),
                table: AtomicPtr::new(ptr::null_mut()),
            }
        }

        /// # Safety
        ///
        /// Rule D: the slot is the caller's.
        #[inline]
        pub(in super::super) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
            let old = self.table.load(Ordering::Relaxed);
            // SAFETY: rule D: what is there was put in below, and is taken out here, once.
            let old =
                (!old.is_null()).then(|| unsafe { Waker::new(self.data.load(Ordering::Relaxed), &*old) });
            match waker {
                None => self.table.store(ptr::null_mut(), Ordering::Relaxed),
                Some(waker) => {
                    let table: *const RawWakerVTable = waker.vtable();
                    self.data.store(waker.data().cast_mut(), Ordering::Relaxed);
                    self.table.store(table.cast_mut(), Ordering::Relaxed);
                    mem::forget(waker);
                }
            }
            old
        }

        /// Whether it would wake the same as `waker`.
        ///
        /// # Safety
        ///
        /// Rule D: the slot is the caller's.
        #[inline]
        pub(in super::super) unsafe fn will_wake(&self, waker: &Waker) -> bool {
            // As `Waker::will_wake` has it.
            ptr::eq(self.table.load(Ordering::Relaxed), waker.vtable())
                && ptr::eq(self.data.load(Ordering::Relaxed), waker.data())
        }

        /// The address of what would be woken, as far as one look can tell; zero if there is nobody.
        pub(in super::super) fn address(&self) -> usize {
            match self.table.load(Ordering::Relaxed).is_null() {
                true => 0,
                false => self.data.load(Ordering::Relaxed).addr(),
            }
        }
    }
}

/// In a model the slot is what the model watches, and nobody looks.
#[cfg(loom)]
mod chosen {
    use std::task::Waker;

    use crate::primitive::UnsafeCell;

    pub(in super::super) struct JoinWaker(UnsafeCell<Option<Waker>>);

    impl JoinWaker {
        pub(in super::super) fn new() -> Self {
            Self(UnsafeCell::new(None))
        }

        pub(in super::super) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
            // SAFETY: rule D: the slot is the caller's.
            self.0
                .with_mut(|slot| unsafe { std::mem::replace(&mut *slot, waker) })
        }

        pub(in super::super) unsafe fn will_wake(&self, waker: &Waker) -> bool {
            // SAFETY: rule D: the slot is the caller's.
            self.0
                .with_mut(|slot| unsafe { &*slot }.as_ref().is_some_and(|old| old.will_wake(waker)))
        }

        pub(in super::super) fn address(&self) -> usize {
            0
        }
    }
}

impl Drop for JoinWaker {
    fn drop(&mut self) {
        // SAFETY: rule D: the last reference is gone.
        drop(unsafe { self.replace(None) });
    }
}
