//! Which TCP sockets are closed without leaving the epoll. Alone in its process, because it looks for epolls and descriptors.
// Where mio has no epoll every socket leaves.
#![cfg(all(target_os = "linux", not(mio_unsupported_force_poll_poll)))]

mod watched;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use reveille_net::{TcpListener, TcpStream};
use reveille_reactor::Reactor;

use watched::watched;

/// The sockets of this process.
fn sockets() -> BTreeSet<RawFd> {
    let is_socket = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket"))
    };
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(Result::ok)
        .filter(is_socket)
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .collect()
}

/// A duplicate of a descriptor, of which its owner does not learn. As long as it lives, closing the other one does not end a
/// registration, so one can see whether the socket has left by itself.
fn duplicate_of(number: RawFd) -> OwnedFd {
    // SAFETY: `number` is open, and the new one is nobody else's.
    unsafe {
        let duplicate = libc::dup(number);
        assert!(duplicate >= 0);
        OwnedFd::from_raw_fd(duplicate)
    }
}

/// Whether `drop` left the registration of a stream from `make` to the system.
fn is_left_behind(make: impl FnOnce() -> TcpStream, drop: impl FnOnce(TcpStream)) -> bool {
    let (before, others) = (watched(), sockets());
    let stream = make();
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(pin!(stream.read(&mut [0])).poll(cx).is_pending());
    let is_registered = |number: &RawFd| watched().contains(&number.to_string());
    let mut new = sockets()
        .difference(&others)
        .copied()
        .filter(is_registered)
        .collect::<Vec<_>>();
    let number = new.pop().expect("it waits");
    assert!(new.is_empty(), "{new:?} wait too");
    let duplicate = duplicate_of(number);
    drop(stream);
    let is_left = watched() != before;
    std::mem::drop(duplicate);
    assert_eq!(watched(), before);
    is_left
}

#[test]
fn a_stream_leaves_unless_nobody_else_can_have_a_duplicate_of_it() {
    let reactor = RefCell::new(Reactor::new().unwrap());
    let _entered = reactor.borrow().handle().enter();
    let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    // Their other ends stay open, and do not wait.
    let peers = RefCell::new(Vec::new());
    let accepted = || {
        peers
            .borrow_mut()
            .push(std::net::TcpStream::connect(address).unwrap());
        pollster::block_on(listener.accept()).unwrap().0
    };
    let connected = || {
        let mut connecting = pin!(TcpStream::connect(address));
        loop {
            let cx = &mut Context::from_waker(Waker::noop());
            if let Poll::Ready(connected) = connecting.as_mut().poll(cx) {
                break connected.unwrap();
            }
            reactor.borrow_mut().turn(None, &mut Vec::new()).unwrap();
        }
    };
    let from_std = || TcpStream::from_std(std::net::TcpStream::connect(address).unwrap()).unwrap();

    let used = |stream: TcpStream| {
        stream.set_nodelay(true).unwrap();
        assert_ne!(stream.local_addr().unwrap(), stream.peer_addr().unwrap());
        let (reader, writer) = stream.into_split();
        drop((reader, writer));
    };
    assert!(is_left_behind(accepted, drop));
    assert!(is_left_behind(accepted, used));
    assert!(!is_left_behind(accepted, |stream| drop(
        stream.as_fd().try_clone_to_owned().unwrap()
    )));
    assert!(!is_left_behind(accepted, |stream| assert!(
        stream.as_raw_fd() >= 0
    )));
    assert!(!is_left_behind(accepted, |stream| drop(
        stream.into_std().unwrap()
    )));
    assert!(
        !is_left_behind(from_std, drop),
        "there may have been a duplicate before"
    );
    assert!(is_left_behind(connected, drop));
}
