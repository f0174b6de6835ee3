//! Tasks that never end, for five reasons.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crate::join::JoinHandle;
use crate::runtime::{spawn, yield_now};

// ANCHOR: five
/// Spawns them, and lets all but the last one begin.
pub(crate) async fn spawn_five(dropped: Arc<AtomicU32>) {
    let note = |name| Note {
        name,
        dropped: dropped.clone(),
    };
    spawn("A", waits(note("A, which waits for what never comes")));

    let (of_b, of_c, of_d) = (Slot::default(), Slot::default(), Slot::default());
    of_b.put(spawn("B", joins(of_c.clone(), note("B, which joins C"))));
    of_c.put(spawn("C", joins(of_b.clone(), note("C, which joins B"))));
    of_d.put(spawn("D", joins(of_d.clone(), note("D, which joins itself"))));
    yield_now().await;

    spawn("E", waits(note("E, which was never polled")));
}

async fn waits(_note: Note) {
    pending::<()>().await;
}

/// Joins the task whose handle is in the slot by then.
async fn joins(slot: Slot, _note: Note) {
    let task = slot.take();
    let _ = task.await;
}
// ANCHOR_END: five

/// A task that never ends, with a destructor that runs `code`.
pub(crate) async fn with_destructor(code: impl Fn() + Send + 'static) {
    let _destructor = Destructor(code);
    pending::<()>().await;
}

struct Destructor<C: Fn()>(C);

impl<C: Fn()> Drop for Destructor<C> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Counts itself when it is dropped.
struct Note {
    name: &'static str,
    dropped: Arc<AtomicU32>,
}

impl Drop for Note {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        println!("    {}", self.name);
    }
}

/// Where a handle is left for a task that was spawned before.
#[derive(Clone, Default)]
struct Slot(Arc<Mutex<Option<JoinHandle<()>>>>);

impl Slot {
    fn put(&self, handle: JoinHandle<()>) {
        *self.0.lock().unwrap() = Some(handle);
    }

    fn take(&self) -> JoinHandle<()> {
        self.0.lock().unwrap().take().expect("it was put there, once")
    }
}
