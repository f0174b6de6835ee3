//! The descriptor that a foreign loop watches, on the systems whose selectors have one.
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

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::Embedded;
use crate::sys::descriptor::lend;

/// Readable when there is work: a socket is ready, or a task was woken. Watch it for that, and call
/// [`poll_once`](Embedded::poll_once); nothing else is to be done with it. Timers do not make it readable:
/// [`next_deadline`](Embedded::next_deadline) tells of them.
///
/// It does not stay readable once the work was collected. Now and then it is readable when there is none.
impl AsFd for Embedded<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        lend(self.driver().reactor())
    }
}

/// As [`AsFd`], for libraries that ask for the number.
impl AsRawFd for Embedded<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
