//! Descriptors that travel through Unix sockets. In one test each, and one test at a time: they count the process's.
#![cfg(target_os = "linux")]

mod hand;

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use reveille_net::{UnixDatagram, UnixStream};

use hand::{Hand, poll};

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whether it is closed in a child that executes another program.
fn closes_on_exec(descriptor: &OwnedFd) -> bool {
    let path = format!("/proc/self/fdinfo/{}", descriptor.as_raw_fd());
    let information = fs::read_to_string(path).unwrap();
    let flags = information.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = u32::from_str_radix(flags.unwrap().trim(), 8).unwrap();
    flags & 0o2_000_000 != 0
}

fn lent<T: AsFd>(file: &T, count: usize) -> Vec<BorrowedFd<'_>> {
    vec![file.as_fd(); count]
}

#[test]
fn descriptors_arrive_with_their_bytes_and_close_on_exec() {
    let _alone = alone();
    let mut hand = Hand::new();
    let (here, there) = UnixStream::pair().unwrap();
    let (mut reader, writer) = net::UnixStream::pair().unwrap();
    let mut buffer = [0; 16];
    let mut receive = there.recv_with_fds(&mut buffer, 3);
    assert!(poll(&mut receive).is_pending());
    assert_eq!(
        hand.finish(here.send_with_fds(b"three", &lent(&writer, 3)))
            .unwrap(),
        5
    );
    let (length, received) = hand.finish(receive).unwrap();
    assert_eq!((&buffer[..length], received.len()), (&b"three"[..], 3));
    for descriptor in &received {
        assert!(closes_on_exec(descriptor));
    }
    drop(writer);
    let mut writers = received.into_iter().map(net::UnixStream::from);
    writers.next().unwrap().write_all(b"x").unwrap();
    drop(writers);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"x", "all three were closed");
}

#[test]
fn more_descriptors_than_asked_for_are_an_error_and_leak_nothing() {
    let _alone = alone();
    let (stream, peer) = UnixStream::pair().unwrap();
    let (socket, sender) = UnixDatagram::pair().unwrap();
    let baseline = open();
    for sent in 1..=40 {
        for max in 0..sent {
            let lent = lent(&peer, sent);
            assert!(matches!(
                poll(&mut peer.send_with_fds(b"x", &lent)),
                Poll::Ready(Ok(1))
            ));
            assert!(matches!(
                poll(&mut sender.send_with_fds(b"x", &lent)),
                Poll::Ready(Ok(1))
            ));
            for outcome in [
                poll(&mut stream.recv_with_fds(&mut [0; 8], max)),
                poll(&mut socket.recv_with_fds(&mut [0; 8], max)),
            ] {
                let Poll::Ready(Err(error)) = outcome else {
                    panic!("{sent} descriptors where {max} were expected: {outcome:?}");
                };
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                assert!(error.to_string().contains("descriptors were lost"), "{error}");
            }
            assert_eq!(open(), baseline, "{sent} descriptors where {max} were expected");
        }
    }
    // Both are usable behind that.
    assert!(poll(&mut peer.send_with_fds(b"x", &lent(&peer, 40))).is_ready());
    let received = poll(&mut stream.recv_with_fds(&mut [0; 8], 253));
    assert!(matches!(received, Poll::Ready(Ok((1, received))) if received.len() == 40));
    assert_eq!(open(), baseline);
}

#[test]
fn a_read_without_room_for_descriptors_leaks_nothing() {
    let _alone = alone();
    let (stream, peer) = UnixStream::pair().unwrap();
    let baseline = open();
    assert!(poll(&mut peer.send_with_fds(b"x", &lent(&peer, 9))).is_ready());
    assert_eq!(stream.try_read(&mut [0; 8]).unwrap(), 1);
    assert!(poll(&mut peer.send_with_fds(b"x", &lent(&peer, 9))).is_ready());
    drop(stream);
    assert_eq!(open(), baseline - 1, "those on their way are closed too");
}

#[test]
fn what_no_message_can_carry_is_an_error() {
    let _alone = alone();
    let (stream, peer) = UnixStream::pair().unwrap();
    for (bytes, count) in [(&b""[..], 1), (b"x", 254)] {
        let outcome = poll(&mut peer.send_with_fds(bytes, &lent(&peer, count)));
        assert!(matches!(outcome, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::InvalidInput));
    }
    assert!(matches!(
        poll(&mut peer.send_with_fds(b"x", &lent(&peer, 253))),
        Poll::Ready(Ok(1))
    ));
    let received = poll(&mut stream.recv_with_fds(&mut [0; 8], usize::MAX));
    assert!(matches!(received, Poll::Ready(Ok((1, received))) if received.len() == 253));
    assert!(matches!(
        poll(&mut peer.send_with_fds(b"plain", &[])),
        Poll::Ready(Ok(5))
    ));
    assert!(
        matches!(poll(&mut stream.recv_with_fds(&mut [0; 8], 0)), Poll::Ready(Ok((5, none))) if none.is_empty())
    );
}

/// Who asked the system for its peers' credentials gets them beside each message, and has nothing lost.
#[test]
fn what_else_comes_beside_a_message_takes_no_room_from_descriptors() {
    let _alone = alone();
    let (socket, sender) = UnixDatagram::pair().unwrap();
    rustix::net::sockopt::set_socket_passcred(&socket, true).unwrap();
    let baseline = open();
    for sent in [0, 1, 2, 3, 253] {
        let lent = lent(&sender, sent);
        assert!(poll(&mut sender.send_with_fds(b"x", &lent)).is_ready());
        let Poll::Ready(Ok((1, received))) = poll(&mut socket.recv_with_fds(&mut [0; 8], sent)) else {
            panic!("{sent} descriptors and the credentials");
        };
        assert_eq!(received.len(), sent);
    }
    assert_eq!(open(), baseline);
}
