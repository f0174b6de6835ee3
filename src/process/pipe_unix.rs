//! The ends of a child's pipes, on Unix: the reactor waits for them.

use std::io;
use std::os::fd::OwnedFd;

pub(super) use reveille_net::unix::pipe::{Receiver, Sender};

/// std makes nothing but pipes there, so that is not looked at.
pub(super) fn sender(end: impl Into<OwnedFd>) -> io::Result<Sender> {
    Sender::from_owned_fd_unchecked(end.into())
}

pub(super) fn receiver(end: impl Into<OwnedFd>) -> io::Result<Receiver> {
    Receiver::from_owned_fd_unchecked(end.into())
}

/// What is a child's own is, and what goes to another one, in blocking mode.
pub(super) fn release_sender(end: Sender) -> io::Result<OwnedFd> {
    end.into_blocking_fd()
}

pub(super) fn release_receiver(end: Receiver) -> io::Result<OwnedFd> {
    end.into_blocking_fd()
}
