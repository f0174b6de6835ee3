//! Somebody else who is told what the recorder is told: the hooks have place for one, and this is it for both.

use std::sync::OnceLock;

use reveille_context::event::{Event, Recorder};

use crate::recording::{self, Taken};

/// Has `listener` told of all events of the level `Loop` from now on and for good, whether or not anything is recorded: on the threads
/// on which they happen, and by the same rules as every [`Recorder`]. Its clock is not asked.
///
/// # Errors
///
/// If the process has another recorder than this crate's, or a listener already.
pub fn set(listener: Box<dyn Recorder>) -> Result<(), Taken> {
    recording::install()?;
    LISTENER.set(listener).map_err(|_| Taken::new())?;
    recording::switch();
    Ok(())
}

pub(crate) fn is_set() -> bool {
    LISTENER.get().is_some()
}

pub(crate) fn tell(at: u64, event: Event<'_>) {
    if let Some(listener) = LISTENER.get() {
        listener.record(at, event);
    }
}

static LISTENER: OnceLock<Box<dyn Recorder>> = OnceLock::new();
