//! The recorder: every poll, wake and readiness event of a program, and who woke whom.
//!
//! A program need not know of it: with the variable `REVEILLE_TRACE` set to `out.html` it writes a page, in which its event loop can be
//! gone through step by step; with `live` it shows that page while it runs. [`environment`] has all forms of the variable.
//! Or it says itself when:
//!
//! ```
//! use reveille::trace::{self, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! trace::start(&Settings::default())?;
//! reveille::block_on(async { reveille::task::yield_now().await });
//! trace::stop();
//! # let folder = std::env::temp_dir().join(format!("reveille-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join("trace.html");
//! # /*
//! trace::write("trace.html")?;
//! # */
//! # trace::write(&path)?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! Times are real, also under a clock that is paused (`time::pause`): a timer of an hour then fires as soon as all is at rest, and is
//! never said to be late.
//!
//! While nothing is recorded, each place that would tell of something costs a load and a branch.

#[cfg(all(unix, feature = "signal"))]
mod on_signal;
#[cfg(feature = "tracing")]
pub mod spans;

use std::io;
use std::path::Path;

use output::Output;

pub use reveille_trace::recording::{Described, Settings, Taken, collect, is_on, mark, stop};
pub use reveille_trace::{
    SCHEMA, chrome, environment, findings, gate, html, live, output, recording, state, trace, trace_json,
};

#[cfg(all(unix, feature = "signal"))]
pub use on_signal::write_on_signal;
pub use reveille_trace::live::serve;

/// Begins to record, in all runtimes of the process. What was recorded before is forgotten.
///
/// # Errors
///
/// If the process has another recorder than reveille's.
pub fn start(settings: &Settings) -> Result<(), Taken> {
    let mut settings = settings.clone();
    recording::start(settings.describe(describe))
}

// BOOK: ch13
/// Writes what was recorded since the [start]; in a form that goes by the name: `.html` is the page, `.json` the trace itself, and
/// `chrome:out.json` a file for Perfetto.
///
/// # Errors
///
/// `InvalidInput` for another name, `NotFound` if nothing was ever recorded, and those of writing a file.
///
/// See [the module](self) for an example.
pub fn write(path: impl AsRef<Path>) -> io::Result<()> {
    write_to(&output_of(path.as_ref())?)
}

fn output_of(path: &Path) -> io::Result<Output> {
    path.to_str().and_then(Output::parse).ok_or_else(|| {
        let text = format!(
            "{}: a trace goes to a name that ends in .html or .json; for Perfetto put chrome: before it",
            path.display()
        );
        io::Error::new(io::ErrorKind::InvalidInput, text)
    })
}

fn write_to(output: &Output) -> io::Result<()> {
    let trace = collect().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "nothing was recorded: `trace::start` comes before",
        )
    })?;
    output.write(&trace)
}

/// What a descriptor is, for people.
#[cfg(unix)]
pub(crate) fn describe(descriptor: u64) -> Option<Described> {
    use reveille_net::SeenSocket;

    let seen = SeenSocket::look(i32::try_from(descriptor).ok()?);
    let kind = seen.kind.name();
    Some(Described {
        what: match (&seen.local, seen.is_connected) {
            (Some(local), false) => format!("{kind} at {local}"),
            _ => kind.to_owned(),
        },
        peer: seen.peer,
    })
}

#[cfg(not(unix))]
pub(crate) fn describe(_: u64) -> Option<Described> {
    None
}
