//! What a thread knows of an embedded runtime, put aside between two calls of it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;
use std::panic::Location;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use super::{Entered, Flavor, HERE, LOCAL, Local, try_with};
use crate::entry::Entry;
use crate::handle::Handle;
use crate::home::Home;
use crate::task::Runnable;

/// The fields of a thread's [`Local`] that tell of a runtime whose tasks it runs.
///
/// While this is aside the thread is a foreign one: what it wakes goes through the mailboxes and unparks, and it may be
/// in a `block_on` of another runtime.
pub(crate) struct Aside {
    driving: Cell<*const Home>,
    entry: Cell<*const Entry>,
    queue: RefCell<VecDeque<Runnable>>,
    has_local_tasks: Cell<bool>,
    flavor: Cell<Flavor>,
    entered: Cell<Option<Entered>>,
    handle: RefCell<Option<Rc<Handle>>>,
    current_entry: RefCell<Option<Arc<Entry>>>,
}

impl Aside {
    /// Of a thread that is in `entry`, of the runtime of `handle`, since the call at `location`.
    pub(crate) fn new(handle: Handle, entry: Arc<Entry>, location: &'static Location<'static>) -> Self {
        Self {
            driving: Cell::new(ptr::null()),
            entry: Cell::new(Arc::as_ptr(&entry)),
            queue: RefCell::new(VecDeque::new()),
            has_local_tasks: Cell::new(false),
            flavor: Cell::new(Flavor::CurrentThread),
            entered: Cell::new(Some(Entered::new(Some(&handle), location))),
            handle: RefCell::new(Some(Rc::new(handle))),
            current_entry: RefCell::new(Some(entry)),
        }
    }

    /// The thread knows this, and nothing else, until the guard is dropped. `None` if its thread-locals are gone.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        try_with(|local| self.exchange(local))?;
        Some(Inside(self))
    }

    /// A local task is spawned while this is aside.
    pub(crate) fn note_local_task(&self) {
        self.has_local_tasks.set(true);
    }

    fn exchange(&self, local: &Local) {
        HERE.with(|here| {
            self.driving.swap(&here.driving);
            self.entry.swap(&here.entry);
            // No borrow is alive here: those of this thread end before foreign code runs.
            mem::swap(&mut *self.queue.borrow_mut(), &mut **here.queue.borrow_mut());
        });
        self.has_local_tasks.swap(&local.has_local_tasks);
        self.flavor.swap(&local.flavor);
        self.entered.swap(&local.entered);
        self.handle.swap(&local.handle);
        self.current_entry.swap(&local.current_entry);
    }
}

/// Made by [`Aside::enter`].
pub(crate) struct Inside<'a>(&'a Aside);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        LOCAL.with(|local| self.0.exchange(local));
    }
}

/// Tells this thread from every other that is alive.
pub(crate) fn address() -> usize {
    LOCAL.with(|local| ptr::from_ref(local).addr())
}
