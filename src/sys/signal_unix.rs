//! Signals through a socket pair of each listener's own: the handler writes a byte, the task reads it.
//!
//! **Rule S:** a signal handler does only what POSIX allows there: here `getpid`, and one `write` to a non-blocking
//! socket. It takes no lock, allocates nothing and cannot panic; `signal-hook-registry` keeps `errno`.
#![allow(unsafe_code)]

use std::io::{self, Read, Write};
use std::os::raw::c_int;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::process;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration};
use signal_hook_registry::{FORBIDDEN, SigId};

/// Listens for one signal until it is dropped. What comes from the beginning on is kept until it is asked for.
#[derive(Debug)]
pub(crate) struct Listener {
    bytes: Registration<UnixStream>,
    handler: SigId,
}

impl Listener {
    pub(crate) fn interrupt() -> io::Result<Self> {
        Self::new(libc::SIGINT)
    }

    pub(crate) fn new(signal: c_int) -> io::Result<Self> {
        if FORBIDDEN.contains(&signal) {
            let text = format!(
                "signal {signal} cannot be listened for: it ends or stops the process whatever it does"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let bytes = Registration::new(reader)?;
        let process = process::id();
        let on_signal = move || {
            // A forked child has the handler and the socket too, but its signals are not this process's.
            if process::id() == process {
                // A full socket already says what this byte would.
                let _ = (&writer).write(&[1]);
            }
        };
        // SAFETY: rule S.
        let handler = unsafe { signal_hook_registry::register(signal, on_signal) }?;
        Ok(Self { bytes, handler })
    }

    /// Ready once for all signals that have come since it was last ready.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<()>> {
        self.bytes.poll_io(Direction::Read, location, cx, take_all)
    }
}

/// Takes every byte there is; `WouldBlock` if there is none.
fn take_all(mut stream: &UnixStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    // The writer lives as long as the handler, so there is no end.
    let mut count = stream.read(&mut buffer)?;
    while count == buffer.len() {
        // Whatever goes wrong now, there was a signal.
        count = stream.read(&mut buffer).unwrap_or(0);
    }
    Ok(())
}

impl Drop for Listener {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.handler);
    }
}
