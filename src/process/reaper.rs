//! Waits for the children that nobody waits for any more, so that the system can forget them.
//!
//! One thread does that for the whole process, with a runtime of its own: whatever becomes of the one that a child was
//! started in, and whether or not there was one.

use std::future::{pending, poll_fn};
use std::mem;
use std::panic::Location;
use std::process::{self, Child as StdChild};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::exit::Exit;
use crate::runtime::{Builder, Handle};
use crate::time;

static REAPER: Mutex<Option<Reaper>> = Mutex::new(None);

/// Children for whom it could not be started. Whoever leaves the next one tries again.
static LEFT: Mutex<Vec<StdChild>> = Mutex::new(Vec::new());

struct Reaper {
    runtime: Handle,
    /// A fork of this one has the memory, but not the thread.
    process: u32,
}

/// How long to wait where the system has no descriptors left to wait with.
const SHORTAGE: Duration = Duration::from_secs(1);

pub(super) fn take_over(child: StdChild) {
    let mut children = mem::take(&mut *lock(&LEFT));
    children.push(child);
    match runtime() {
        Some(runtime) => {
            for child in children {
                drop(runtime.spawn(reap(child)));
            }
        }
        None => {
            children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            lock(&LEFT).append(&mut children);
        }
    }
}

async fn reap(mut child: StdChild) {
    loop {
        let mut exit = Exit::default();
        let ended = poll_fn(|cx| exit.poll(&mut child, cx, Location::caller())).await;
        // What cannot be asked about is nobody's child.
        if ended.is_ok() || !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        time::sleep(SHORTAGE).await;
    }
}

/// The thread's, which is started if there is none. `None` if the system refuses.
fn runtime() -> Option<Handle> {
    let mut reaper = lock(&REAPER);
    if let Some(Reaper { runtime, process }) = &*reaper {
        if *process == process::id() {
            return Some(runtime.clone());
        }
    }
    let runtime = Builder::current_thread().build().ok()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("reveille-reaper".to_owned())
        .spawn(move || runtime.block_on(pending::<()>()))
        .ok()?;
    *reaper = Some(Reaper {
        runtime: handle.clone(),
        process: process::id(),
    });
    Some(handle)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
