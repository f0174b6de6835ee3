//! A `block_on` that drives nothing: others run the runtime.

use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use futures_task::waker_ref;

use crate::entry::Entry;
use crate::handle::Handle;
use crate::local::{self, EntryGuard, Flavor};
use crate::nested::NestedBlockOn;
use crate::root::{Root, run_batch};

/// Panics, in a `block_on` whose runtime was shut down by a task's panic.
#[cold]
pub(crate) fn down() -> ! {
    panic!(
        "a task of this runtime panicked, and its policy is `PanicPolicy::ShutdownRuntime`: the runtime is shut down; \
         the line before this names the task"
    )
}

/// Runs a future, and this thread's local tasks, with that runtime current.
pub(crate) fn block_on<F: Future>(
    handle: &Handle,
    flavor: Flavor,
    future: F,
    location: &'static Location<'static>,
) -> Result<F::Output, NestedBlockOn> {
    if let Some(outer) = local::entered_at() {
        return Err(NestedBlockOn::new(outer, location));
    }
    // This thread never sleeps in a driver.
    let entry = Entry::new(Waker::noop().clone()).in_blocking_code(handle.is_in_blocking_code());
    let entry = Arc::new(entry);
    let _registered = handle.entries().register(&entry, handle.quiescence());
    let _runtime = handle.enter();
    let _entry = EntryGuard::new(entry.clone(), location, flavor);
    let waker = waker_ref(&entry);
    let future = pin!(future);
    let mut root = Root::new(&entry, &waker, future, location);
    loop {
        if let Some(output) = root.poll_if_woken() {
            return Ok(output);
        }
        entry.receive();
        run_batch();
        if handle.is_down() {
            down();
        }
        if local::is_empty() && !entry.has_news() {
            entry.sleep(|| handle.quiescence().have_a_look());
        }
    }
}
