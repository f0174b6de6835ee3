//! No signals yet on this system.

use std::io;
use std::panic::Location;
use std::task::{Context, Poll};

#[derive(Debug)]
pub(crate) enum Listener {}

impl Listener {
    pub(crate) fn interrupt() -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "reveille has no signals on this system yet",
        ))
    }

    pub(crate) fn poll(
        &mut self,
        _: &mut Context<'_>,
        _: &'static Location<'static>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}
