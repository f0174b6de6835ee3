//! Who is at the other end of a Unix socket, as the kernel noted it when the two were connected.
//!
//! A process id of 0 stands for a peer in another pid namespace.
//!
//! **Rule C:** the pointers that are handed to the system are those of local variables of the types that it writes, with
//! their size, and are used by nobody after the call.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// User, group and, where the system tells it, process.
pub(crate) type Credentials = (libc::uid_t, libc::gid_t, Option<libc::pid_t>);

#[cfg(any(target_os = "android", target_os = "linux"))]
pub(crate) fn of_peer(socket: BorrowedFd<'_>) -> io::Result<Credentials> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).expect("it is a few bytes");
    // SAFETY: rule C: `credentials` is what SO_PEERCRED writes, and `length` is its size.
    let outcome = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    let process = Some(credentials.pid).filter(|process| *process != 0);
    Ok((credentials.uid, credentials.gid, process))
}

#[cfg(any(
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_vendor = "apple",
))]
pub(crate) fn of_peer(socket: BorrowedFd<'_>) -> io::Result<Credentials> {
    let (mut user, mut group) = (0, 0);
    // SAFETY: rule C: these are what it writes.
    let outcome = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut user, &raw mut group) };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((user, group, None))
}

#[cfg(not(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd",
    target_vendor = "apple",
)))]
pub(crate) fn of_peer(_: BorrowedFd<'_>) -> io::Result<Credentials> {
    Err(io::ErrorKind::Unsupported.into())
}
