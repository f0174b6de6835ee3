//! A child that was forked shares its parent's epoll, but nobody in it waits there. Alone in its process, because that forks.
#![cfg(unix)]

mod wakes;

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::task::{Poll, Waker};

use reveille_reactor::{Reactor, Registration, is_shutdown};

use wakes::{Wakes, pair, poll_byte, send, settle};

/// Runs `child` in a forked process; whether it returned.
fn forked(child: impl FnOnce()) -> bool {
    // SAFETY: the child calls into the allocator and takes locks that no other thread of this process uses; it ends by
    // `_exit`, so it runs nothing of what the parent would.
    let id = unsafe { libc::fork() };
    assert!(id >= 0, "{}", io::Error::last_os_error());
    if id == 0 {
        let outcome = panic::catch_unwind(AssertUnwindSafe(child));
        // SAFETY: it ends the process there and then.
        unsafe { libc::_exit(if outcome.is_ok() { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: `status` lives as long as the call.
    let waited = unsafe { libc::waitpid(id, &mut status, 0) };
    assert_eq!(waited, id);
    status == 0
}

#[test]
fn a_forked_child_gets_a_clear_error_and_leaves_the_parents_sockets_alone() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (wakes, waker) = Wakes::new();
    assert!(poll_byte(&socket, &waker).is_pending());
    let (new, _new_peer) = pair();
    let new = Registration::new(new).unwrap();

    let mut socket = Some(socket);
    let child = forked(|| {
        let Poll::Ready(Err(error)) = poll_byte(&new, Waker::noop()) else {
            panic!("it would wait for an event that the parent gets");
        };
        assert!(error.to_string().contains("forked"), "{error}");
        assert!(!is_shutdown(&error));
        // This must not take it out of the epoll that the two share.
        drop(socket.take());
    });
    assert!(child, "see above what failed in the child");

    let socket = socket.unwrap();
    send(&peer, b"x");
    settle(&mut reactor);
    assert_eq!(wakes.count(), 1, "the child took the parent's socket out");
    assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'x'))));
}
