//! A descriptor, lent for as long as its owner.
//!
//! **Rule D:** what [`lend`] is given owns the descriptor that it names, and keeps it open until it is dropped.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd};

use reveille_reactor::Reactor;

/// The reactor's.
pub(crate) fn lend(reactor: &Reactor) -> BorrowedFd<'_> {
    // SAFETY: rule D: a reactor owns its selector, and the result borrows the reactor.
    unsafe { BorrowedFd::borrow_raw(reactor.as_raw_fd()) }
}
