//! splice(2): bytes that move within the system.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Moves up to `length` bytes, of which one side is a pipe, without waiting for that.
pub(crate) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, length: usize) -> io::Result<usize> {
    let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
    // SAFETY: rule L of `descriptor`; without offsets it reads no memory of ours.
    let moved = unsafe {
        libc::splice(
            from.as_raw_fd(),
            ptr::null_mut(),
            to.as_raw_fd(),
            ptr::null_mut(),
            length,
            flags,
        )
    };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}
