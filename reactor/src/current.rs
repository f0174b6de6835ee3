//! The reactor of this thread.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

use crate::fallback;
use crate::handle::Handle;
use crate::primitive::thread_local;
use crate::station::Station;

/// The handle that was entered last on this thread.
pub(crate) fn current() -> Option<Handle> {
    // Destructors of other thread-locals may ask after this one is gone.
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// Where that is.
pub(crate) fn station() -> Station {
    CURRENT
        .try_with(|current| {
            current
                .borrow()
                .as_ref()
                .map_or_else(fallback::station, Handle::station)
        })
        .unwrap_or_else(|_| fallback::station())
}

/// Makes `handle` the current one until the guard is dropped.
pub(crate) fn enter(handle: Handle) -> EnterGuard {
    EnterGuard {
        previous: replace(Some(handle)),
        not_send: PhantomData,
    }
}

/// A handle is this thread's current one while this lives; made by [`Handle::enter`]. Guards are to be dropped in the
/// opposite order of their making.
#[must_use = "the handle is current only while the guard lives"]
pub struct EnterGuard {
    previous: Option<Handle>,
    /// What it changes belongs to one thread.
    not_send: PhantomData<*mut ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        drop(replace(self.previous.take()));
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

pub(crate) fn replace(handle: Option<Handle>) -> Option<Handle> {
    CURRENT.try_with(|current| current.replace(handle)).ok().flatten()
}

thread_local! {
    static CURRENT: RefCell<Option<Handle>> = RefCell::new(None);
}
