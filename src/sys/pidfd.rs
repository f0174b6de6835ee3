//! Linux's descriptor of a process.
//!
//! **Rule N (new):** what a successful call returns is an open descriptor that nobody else has, and becomes owned at once.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::process::Child;

/// The child's, which cannot be another process's: nobody has waited for it yet. It is closed in a child that executes
/// another program.
pub(crate) fn open(child: &Child) -> io::Result<OwnedFd> {
    let (id, no_flags) = (child.id() as libc::pid_t, 0 as libc::c_uint);
    // SAFETY: this reads no memory of ours; rule N is about what it returns.
    let returned = unsafe { libc::syscall(libc::SYS_pidfd_open, id, no_flags) };
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: rule N.
    Ok(unsafe { OwnedFd::from_raw_fd(returned as RawFd) })
}
