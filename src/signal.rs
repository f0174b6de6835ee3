//! Signals of the system.

#[cfg(unix)]
pub mod unix;

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::sys;

/// Completes when the process is asked to stop from its terminal (ctrl-c, SIGINT).
///
/// From its first poll on, the signal no longer ends the process, as in tokio: also not after the future is dropped.
///
/// # Errors
///
/// When the system refuses the handler or its pipe; on systems other than Unix always, with
/// [`Unsupported`](io::ErrorKind::Unsupported).
///
/// # Cancel safety
///
/// Safe, but a signal that comes while no such future has been polled is not kept.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     println!("press ctrl-c");
///     reveille::signal::ctrl_c().await
/// })
/// # }
/// ```
#[track_caller]
pub fn ctrl_c() -> CtrlC {
    CtrlC {
        listener: None,
        location: Location::caller(),
    }
}

/// The future of [`ctrl_c`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct CtrlC {
    listener: Option<sys::signal::Listener>,
    location: &'static Location<'static>,
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let location = self.location;
        let listener = match &mut self.listener {
            Some(listener) => listener,
            none => none.insert(sys::signal::Listener::interrupt()?),
        };
        listener.poll(cx, location)
    }
}
