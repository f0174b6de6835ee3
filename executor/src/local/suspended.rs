//! What a thread knows of the tasks that it runs, put aside while it blocks in the midst of one.

use std::collections::VecDeque;
use std::mem;
use std::ptr;
use std::sync::Arc;

use super::{Entered, Flavor, HERE, LOCAL};
use crate::entry::Entry;
use crate::task::Runnable;

/// Until the guard is dropped this thread is in no `block_on`, and its own tasks stand still; those that are woken go
/// through the mailbox.
pub(crate) fn suspend() -> Suspended {
    let entry = super::current_entry();
    if let Some(entry) = &entry {
        entry.set_blocked(true);
    }
    LOCAL.with(|local| {
        // The guard keeps it alive meanwhile, so no other one has its address.
        local
            .suspended
            .borrow_mut()
            .extend(entry.as_ref().map(Arc::as_ptr));
    });
    LOCAL.with(|local| Suspended {
        flavor: local.flavor.replace(Flavor::Outside),
        entry: HERE.with(|here| here.entry.replace(ptr::null())),
        entered: local.entered.take(),
        current_entry: local.current_entry.take(),
        queue: HERE.with(|here| mem::take(&mut **here.queue.borrow_mut())),
        has_local_tasks: local.has_local_tasks.take(),
        in_poll: HERE.with(|here| here.in_poll.take()),
    })
}

/// Made by [`suspend`].
pub(crate) struct Suspended {
    flavor: Flavor,
    entry: *const Entry,
    entered: Option<Entered>,
    current_entry: Option<Arc<Entry>>,
    queue: VecDeque<Runnable>,
    has_local_tasks: bool,
    in_poll: bool,
}

impl Drop for Suspended {
    fn drop(&mut self) {
        LOCAL.with(|local| {
            local.flavor.set(self.flavor);
            HERE.with(|here| here.entry.set(self.entry));
            local.entered.set(self.entered);
            if self.current_entry.is_some() {
                local.suspended.borrow_mut().pop();
            }
            local.current_entry.replace(self.current_entry.take());
            HERE.with(|here| **here.queue.borrow_mut() = mem::take(&mut self.queue));
            local.has_local_tasks.set(self.has_local_tasks);
            HERE.with(|here| here.in_poll.set(self.in_poll));
        });
        if let Some(entry) = super::current_entry() {
            entry.set_blocked(false);
        }
    }
}
