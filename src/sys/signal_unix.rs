//! Signals through a socket pair of one's own: the handler writes a byte, the task reads it.
//!
//! **Rule S:** a signal handler does only what POSIX allows there: here one `write` to a non-blocking socket. It takes
//! no lock, allocates nothing and cannot panic; `signal-hook-registry` keeps `errno`.
#![allow(unsafe_code)]

use std::io::{self, Read, Write};
use std::os::raw::c_int;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration};
use signal_hook_registry::SigId;

/// SIGINT, whose number POSIX fixes.
const INTERRUPT: c_int = 2;

/// Listens for one signal until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    bytes: Registration<UnixStream>,
    handler: SigId,
}

impl Listener {
    pub(crate) fn interrupt() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let bytes = Registration::new(reader)?;
        let on_signal = move || {
            // A full socket already says what this byte would.
            let _ = (&writer).write(&[1]);
        };
        // SAFETY: rule S.
        let handler = unsafe { signal_hook_registry::register(INTERRUPT, on_signal) }?;
        Ok(Self { bytes, handler })
    }

    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<()>> {
        let read = |mut stream: &UnixStream| stream.read(&mut [0; 16]);
        self.bytes
            .poll_io(Direction::Read, location, cx, read)
            .map_ok(|_count| ())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.handler);
    }
}
