//! What a descriptor is, and in which mode.
//!
//! **Rule L (lent):** a descriptor is borrowed for as long as it is used here, and nothing here closes it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};

/// The flags with which it was opened, and that can be changed: the system's `O_…`.
pub(crate) fn status_flags(descriptor: BorrowedFd<'_>) -> io::Result<libc::c_int> {
    // SAFETY: rule L; this reads no memory of ours.
    let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL) };
    succeeded(flags)
}

/// Puts it into non-blocking mode, or out of it.
pub(crate) fn set_nonblocking(descriptor: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let mut on = libc::c_int::from(on);
    // Not by writing the flags that were read: others may change them in between.
    // SAFETY: rule L; the pointer is that of a local variable of the type that this reads.
    succeeded(unsafe { libc::ioctl(descriptor.as_raw_fd(), libc::FIONBIO, &raw mut on) }).map(drop)
}

/// Has it closed in a child that executes another program.
#[cfg(any(target_vendor = "apple", target_os = "illumos", target_os = "solaris"))]
pub(crate) fn close_on_exec(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: rule L; as above.
    let outcome = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    succeeded(outcome).map(drop)
}

/// Whether it is one of a regular file.
pub(crate) fn is_regular_file(descriptor: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: rule L: the `File` is never dropped, so it does not close what it does not own.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor.as_raw_fd()) });
    Ok(file.metadata()?.is_file())
}

/// What a system call returned, unless that says that it failed.
fn succeeded(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(returned)
}
