//! The reactor of this thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use crate::fallback;
use crate::fork::Generation;
use crate::handle::Handle;
use crate::membership::Host;
use crate::primitive::thread_local;
use crate::station::Station;

/// The handle that was entered last on this thread.
pub(crate) fn current() -> Option<Handle> {
    // Destructors of other thread-locals may ask after this one is gone.
    CURRENT
        .try_with(|current| current.0.borrow().clone())
        .ok()
        .flatten()
}

/// Where that is. In a process forked from the reactor's that is nowhere: no socket is attached there, so its waits end in
/// [`Host::find`].
pub(crate) fn station() -> Station {
    // Asked at every wait, so it is kept beside the handle, which takes more looks.
    match STATION.try_with(Cell::get) {
        Ok(Some((station, generation))) if generation == Generation::now() => station,
        Ok(Some(_)) => Station::NOWHERE,
        _ => fallback::station(),
    }
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
    let station = handle
        .as_ref()
        .map(|handle| (handle.station(), handle.generation()));
    let replaced = CURRENT.try_with(|current| current.0.replace(handle));
    // Not while the other one is gone already: a thread with no handle has the fallback.
    if replaced.is_ok() {
        let _ = STATION.try_with(|current| current.set(station));
    }
    replaced.ok().flatten()
}

/// With its end the thread has no handle any more, and so no station.
struct Current(RefCell<Option<Handle>>);

impl Drop for Current {
    fn drop(&mut self) {
        let _ = STATION.try_with(|current| current.set(None));
    }
}

thread_local! {
    static CURRENT: Current = Current(RefCell::new(None));
    // What is asked of that one most often.
    static STATION: Cell<Option<(Station, Generation)>> = Cell::new(None);
}
