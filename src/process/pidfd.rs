//! Linux's descriptor of a process.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child as StdChild;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The child's, which cannot be another process's: nobody has waited for it yet.
pub(super) fn open(child: &StdChild) -> io::Result<OwnedFd> {
    Ok(pidfd_open(Pid::from_child(child), PidfdFlags::empty())?)
}
