//! The trace in a file whenever a signal comes.

use std::io::{self, Write as _};
use std::path::Path;
use std::thread;

use super::output_of;
use crate::runtime::Builder;
use crate::signal::unix::{SignalKind, signal};

/// [Writes](super::write) what was recorded up to then each time the signal comes, from a thread of its own: also while every thread
/// of every runtime is stuck. From this call on the signal no longer does to the process what it would by default. That thread's own
/// `block_on` is in the trace, too.
///
/// What cannot be written, or that nothing was recorded, is told on stderr, in a line that begins with `reveille:`.
///
/// # Errors
///
/// `InvalidInput` for a name that [`write`](super::write) does not take; as [`signal`], and those of starting a thread and a runtime
/// for it.
///
/// # Examples
///
/// ```
/// use reveille::signal::unix::SignalKind;
/// use reveille::trace::{self, Settings};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// trace::start(&Settings::default())?;
/// // `kill -USR2` has what led up to it written down.
/// trace::write_on_signal(SignalKind::user_defined2(), "trace.html")?;
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn write_on_signal(kind: SignalKind, path: impl AsRef<Path>) -> io::Result<()> {
    let output = output_of(path.as_ref())?;
    let own = Builder::current_thread().build()?;
    let mut signals = signal(kind)?;
    let write = async move {
        while signals.recv().await.is_some() {
            if let Err(error) = super::write_to(&output) {
                // A closed stderr is no reason to end.
                let _ = writeln!(io::stderr(), "reveille: {error}");
            }
        }
    };
    thread::Builder::new()
        .name("reveille-trace".to_owned())
        .spawn(move || own.block_on(write))?;
    Ok(())
}
