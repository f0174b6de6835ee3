//! A child that was forked shares its parent's epoll, but nobody in it waits there. Its tests take turns, because they fork.
#![cfg(unix)]

mod wakes;

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// One test at a time: a child of two has only the thread that forked.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whatever waits in this process says that it was forked.
#[track_caller]
fn assert_refused(polled: Poll<io::Result<u8>>) {
    let Poll::Ready(Err(error)) = polled else {
        panic!("it would wait for an event that the parent gets: {polled:?}");
    };
    assert!(error.to_string().contains("forked"), "{error}");
    assert!(!is_shutdown(&error));
}

#[test]
fn a_forked_child_gets_a_clear_error_and_leaves_the_parents_sockets_alone() {
    let _alone = alone();
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
        assert!(reactor.handle().is_forked());
        assert_refused(poll_byte(&new, Waker::noop()));
        // The parent has registered this one, and it must not look as if that were good for anything.
        assert_refused(poll_byte(socket.as_ref().unwrap(), Waker::noop()));
        // This must not take it out of the epoll that the two share.
        drop(socket.take());
        // Nor may it take the events there.
        let error = reactor.turn(None, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("forked"), "{error}");
    });
    assert!(child, "see above what failed in the child");

    assert!(!reactor.handle().is_forked());
    let socket = socket.unwrap();
    send(&peer, b"x");
    settle(&mut reactor);
    assert_eq!(wakes.count(), 1, "the child took the parent's socket out");
    assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'x'))));
}

#[test]
fn a_forked_child_is_refused_by_every_reactor_of_a_group() {
    let _alone = alone();
    let reactors = Reactor::several(2).unwrap();
    let (ours, _peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let entered = reactors[0].handle().enter();
    assert!(poll_byte(&socket, Waker::noop()).is_pending());
    drop(entered);

    let child = forked(|| {
        for reactor in &reactors {
            let _entered = reactor.handle().enter();
            assert_refused(poll_byte(&socket, Waker::noop()));
        }
    });
    assert!(child, "see above what failed in the child");
    let _entered = reactors[1].handle().enter();
    assert!(poll_byte(&socket, Waker::noop()).is_pending());
}

#[test]
fn a_forked_child_waits_by_way_of_a_reactor_of_its_own() {
    let _alone = alone();
    let parents = Reactor::new().unwrap();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let entered = parents.handle().enter();
    assert!(poll_byte(&socket, Waker::noop()).is_pending());

    let child = forked(|| {
        let mut own = Reactor::new().unwrap();
        let _entered = own.handle().enter();
        let (wakes, waker) = Wakes::new();
        assert!(poll_byte(&socket, &waker).is_pending());
        send(&peer, b"x");
        settle(&mut own);
        assert_eq!(wakes.count(), 1);
        assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'x'))));
    });
    assert!(child, "see above what failed in the child");
    drop(entered);
}

#[test]
fn a_forked_child_is_refused_by_a_fallback_that_its_parent_started() {
    let _alone = alone();
    let (ours, _peer) = pair();
    let socket = Registration::new(ours).unwrap();
    assert!(poll_byte(&socket, Waker::noop()).is_pending());
    let child = forked(|| assert_refused(poll_byte(&socket, Waker::noop())));
    assert!(child, "see above what failed in the child");
}
