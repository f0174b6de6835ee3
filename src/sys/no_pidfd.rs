//! There are no descriptors of processes on this system, or none that the reactor could watch.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;

pub(crate) fn open(_: &Child) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}
