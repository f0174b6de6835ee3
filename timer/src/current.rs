//! Which timers a thread uses.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

use crate::instant::Instant;
use crate::primitive::thread_local;
use crate::timers::Handle;

/// The timers of this thread, if any; also `None` while the thread's locals are destroyed.
pub(crate) fn get() -> Option<Handle> {
    CURRENT
        .try_with(|current| current.borrow().clone())
        .unwrap_or_default()
}

/// The present of this thread's clock, if it has timers.
pub(crate) fn now() -> Option<Instant> {
    CURRENT
        .try_with(|current| current.borrow().as_ref().map(|handle| handle.clock().now()))
        .unwrap_or_default()
}

/// Whether `handle` is current, without touching its reference count.
pub(crate) fn is(handle: &Handle) -> bool {
    CURRENT
        .try_with(|current| {
            current
                .borrow()
                .as_ref()
                .is_some_and(|current| current.is(handle))
        })
        .unwrap_or(false)
}

/// Makes `handle` current and returns what was. What is replaced is never dropped in here: its unparker is foreign
/// code, which may ask for the current timers.
pub(crate) fn replace(handle: Option<Handle>) -> Option<Handle> {
    CURRENT
        .try_with(|current| current.replace(handle))
        .unwrap_or_default()
}

/// A handle is current on this thread while this lives; made by [`Handle::enter`].
#[must_use = "the handle stops being current when the guard is dropped"]
pub struct EnterGuard {
    previous: Option<Handle>,
    /// The guard must be dropped on the thread that it is about.
    not_send: PhantomData<*const ()>,
}

impl EnterGuard {
    pub(crate) fn new(handle: Handle) -> Self {
        Self {
            previous: replace(Some(handle)),
            not_send: PhantomData,
        }
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        replace(self.previous.take());
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Handle>> = RefCell::new(None);
}
