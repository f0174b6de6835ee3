//! The descriptor of a reactor, for a foreign loop to watch: that of the system's selector, where it has one.
#![cfg(all(
    not(mio_unsupported_force_poll_poll),
    any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "openbsd",
        target_vendor = "apple",
    )
))]

use std::os::fd::{AsRawFd, RawFd};

use crate::reactor::Reactor;

/// Readable while the system has something to report that [`Reactor::harvest`] would collect.
impl AsRawFd for Reactor {
    fn as_raw_fd(&self) -> RawFd {
        self.poll().as_raw_fd()
    }
}
