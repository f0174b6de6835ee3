//! Whether this process is a fork of the one that made a reactor.
//!
//! A forked child has its parent's memory and shares its selector, but has none of its threads: who waits there by way
//! of the parent's reactor waits for events that the parent gets. The process's id would tell, but asking for it is a
//! system call, too dear for every wait. So forks are counted: the C library calls `count` in each child before `fork`
//! returns there, and a reactor remembers what the count was when it was made.
//!
//! Children of `vfork`, of `posix_spawn` and of a bare `clone` are not counted; of these only the last could wait here.
//!
//! A child that lives on has duplicates of its parent's descriptors as well, so that the parent closing one does not end its
//! registration. So the parent notes that it forks, before it does. (Those that are not counted have them until they `exec`.)
//!
//! **Rule F:** code that runs in a child of a process with threads, or while it is made, may take no lock, allocate nothing, and
//! call nothing that might: here it changes one atomic.
#![cfg_attr(unix, allow(unsafe_code))]

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How many forks lie between the first process and this one, of those after the first reactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u32);

impl Generation {
    /// No process's.
    pub(crate) const NONE: Self = Self(0);

    /// That of this process.
    pub(crate) fn now() -> Self {
        // Relaxed: it changes only in a child that has one thread yet, whose memory `fork` has put in order.
        Self(FORKS.load(Ordering::Relaxed))
    }

    pub(crate) const fn pack(self) -> u32 {
        self.0
    }

    /// The inverse of [`pack`](Self::pack).
    pub(crate) fn unpack(packed: u32) -> Self {
        Self(packed)
    }
}

/// From now on forks are counted.
///
/// # Errors
///
/// If the system has no memory for it.
pub(crate) fn watch() -> io::Result<()> {
    // Not under a lock, which a child might inherit locked: two threads may both get here, and then forks count twice.
    // Relaxed: the flag guards nothing but this.
    if !WATCHED.load(Ordering::Relaxed) {
        call_in_children()?;
        WATCHED.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether this process has forked since it has a reactor: a child may have duplicates of its descriptors.
pub(crate) fn has_forked() -> bool {
    // Relaxed: who closes a socket while another thread forks may come first or last, whatever the order.
    HAS_FORKED.load(Ordering::Relaxed)
}

/// What a forked child is told that uses its parent's reactor.
pub(crate) fn error() -> io::Error {
    io::Error::other(
        "this process was forked from the one whose reactor this is; start a runtime after the fork instead",
    )
}

#[cfg(unix)]
fn call_in_children() -> io::Result<()> {
    extern "C" fn note() {
        HAS_FORKED.store(true, Ordering::Relaxed);
    }

    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    // SAFETY: both are there as long as the program, and keep rule F.
    let outcome = unsafe { libc::pthread_atfork(Some(note), None, Some(count)) };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(outcome))
    }
}

#[cfg(not(unix))]
fn call_in_children() -> io::Result<()> {
    Ok(())
}

// Std's own atomics also under a model checker: no model runs this, and theirs cannot be statics.
static FORKS: AtomicU32 = AtomicU32::new(1);
static WATCHED: AtomicBool = AtomicBool::new(false);
static HAS_FORKED: AtomicBool = AtomicBool::new(false);
