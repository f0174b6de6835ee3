//! The reactor of threads that have none: one thread for the whole process, started when it is first needed.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use reveille_context::event::{self, Event, Role};
use reveille_context::wake;

use crate::fork::Generation;
use crate::handle::Handle;
use crate::reactor::Reactor;
use crate::station::Station;

// BOOK: ch07
/// The fallback reactor; starts it if it does not run.
///
/// If that fails, this is an error for whoever needed it, and the next one tries again.
pub(crate) fn handle() -> io::Result<Handle> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = running.as_ref().filter(|handle| !handle.is_closed()) {
        return Ok(handle.clone());
    }
    let reactor = Reactor::at(Station::FALLBACK)?;
    let handle = reactor.handle();
    let thread = thread::Builder::new().name("reveille-reactor".into());
    thread.spawn(move || run(reactor)).map_err(|error| {
        // Not of the system's kind: that is `WouldBlock`, by which callers would wait for who does not come.
        io::Error::other(format!(
            "cannot start the thread `reveille-reactor`, which waits for the sockets of threads outside a runtime: {error}; \
             use them inside a runtime, or raise the limit on threads"
        ))
    })?;
    // Relaxed: `station` explains what it is good for, in a child that has this thread's memory or its parent's.
    STARTED_IN.store(Generation::now().pack(), Ordering::Relaxed);
    Ok(running.insert(handle).clone())
}

/// Where threads wait that have no reactor. In a child of the process that started the fallback that is nowhere, for it has
/// not the thread.
pub(crate) fn station() -> Station {
    let started_in = Generation::unpack(STARTED_IN.load(Ordering::Relaxed));
    if started_in == Generation::NONE || started_in == Generation::now() {
        Station::FALLBACK
    } else {
        Station::NOWHERE
    }
}

fn run(mut reactor: Reactor) {
    event::emit(move || Event::Thread { role: Role::Driver });
    let mut woken = Vec::new();
    // On an error the reactor is dropped, which wakes all who wait: they find it closed and start another.
    while reactor.turn(None, &mut woken).is_ok() {
        wake::wake_all(&mut woken);
    }
}

// Std's own mutex also under a model checker: no model runs this, and theirs cannot be statics.
static RUNNING: Mutex<Option<Handle>> = Mutex::new(None);
/// The generation of the process whose thread it is.
static STARTED_IN: AtomicU32 = AtomicU32::new(Generation::NONE.pack());
