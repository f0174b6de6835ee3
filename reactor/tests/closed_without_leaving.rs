//! When closing a socket is left to end its registration. Alone in its process, because it looks for the epoll and forks.
#![cfg(target_os = "linux")]

mod wakes;
mod watched;

use std::io;
use std::os::unix::net::UnixStream;

use reveille_reactor::{Reactor, Registration};

use wakes::{Wakes, pair, poll_byte, send, settle};
use watched::watched;

/// A socket that is registered, and a duplicate of its descriptor: as long as that lives, closing the socket does not end the
/// registration, so one can see whether the socket has left by itself.
fn registered(
    prepare: impl FnOnce(Registration<UnixStream>) -> Registration<UnixStream>,
) -> (Registration<UnixStream>, UnixStream, UnixStream) {
    let (ours, peer) = pair();
    let duplicate = ours.try_clone().unwrap();
    let socket = prepare(Registration::new(ours).unwrap());
    let (_wakes, waker) = Wakes::new();
    assert!(poll_byte(&socket, &waker).is_pending());
    (socket, duplicate, peer)
}

/// Whether dropping the socket left the registration to the system.
fn is_left_behind(
    reactor: &mut Reactor,
    prepare: impl FnOnce(Registration<UnixStream>) -> Registration<UnixStream>,
) -> bool {
    let before = watched();
    let (socket, duplicate, peer) = registered(prepare);
    assert_eq!(watched().len(), before.len() + 1);
    drop(socket);
    let left = watched() != before;
    // What comes for a socket that is gone is for nobody.
    send(&peer, b"x");
    settle(reactor);
    assert_eq!(reactor.handle().registrations(), 0);
    drop(duplicate);
    assert_eq!(watched(), before, "the system ends it with the last descriptor");
    left
}

fn fork_a_child_that_ends_at_once() {
    // SAFETY: the child does nothing but end.
    unsafe {
        let id = libc::fork();
        assert!(id >= 0, "{}", io::Error::last_os_error());
        if id == 0 {
            libc::_exit(0);
        }
        assert_eq!(libc::waitpid(id, std::ptr::null_mut(), 0), id);
    }
}

#[test]
fn only_a_socket_that_nobody_has_a_duplicate_of_is_closed_without_leaving() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let left = |reactor: &mut Reactor, prepare: fn(Registration<UnixStream>) -> Registration<UnixStream>| {
        is_left_behind(reactor, prepare)
    };
    assert!(!left(&mut reactor, |socket| socket), "nothing was promised");
    assert!(left(&mut reactor, Registration::without_duplicates));
    let inspected = |socket: Registration<UnixStream>| {
        let socket = socket.without_duplicates();
        let _ = socket.inspect();
        socket
    };
    assert!(left(&mut reactor, inspected));
    let lent = |socket: Registration<UnixStream>| {
        let socket = socket.without_duplicates();
        let _ = socket.get_ref();
        socket
    };
    assert!(!left(&mut reactor, lent));

    // It is not closed.
    let before = watched();
    let (socket, _duplicate, _peer) = registered(Registration::without_duplicates);
    let _socket = socket.into_inner().unwrap();
    assert_eq!(watched(), before);

    // The child may have duplicates of all.
    fork_a_child_that_ends_at_once();
    assert!(!left(&mut reactor, Registration::without_duplicates));
}
