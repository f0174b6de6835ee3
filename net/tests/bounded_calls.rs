//! A socket that hangs up, or always did, wakes nobody over and over, and is not tried over and over.
#![cfg(unix)]

mod hand;

use std::cell::Cell;
use std::io;
use std::os::unix::net;

use reveille_net::{TcpStream, UnixStream};
use reveille_reactor::Interest;
use socket2::{Domain, Socket, Type};

use hand::{Hand, poll};

/// Polls an operation that never gets anywhere a thousand times, and returns how often it was called.
fn calls(mut wait: impl FnMut(&mut dyn FnMut() -> io::Result<()>) -> bool, hand: &mut Hand) -> usize {
    let calls = Cell::new(0);
    for _ in 0..1000 {
        let ready = wait(&mut || {
            calls.set(calls.get() + 1);
            Err(io::ErrorKind::WouldBlock.into())
        });
        assert!(!ready, "it never is");
        hand.settle();
    }
    calls.get()
}

#[test]
fn a_tcp_socket_that_nobody_connected_hangs_up_once() {
    let mut hand = Hand::new();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let stream = TcpStream::from_std(socket.into()).unwrap();
    let error = hand.finish(stream.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    for interest in [Interest::READABLE, Interest::WRITABLE] {
        let calls = calls(
            |operation| poll(&mut stream.async_io(interest, operation)).is_ready(),
            &mut hand,
        );
        assert!(calls <= 3, "{calls} calls for nothing");
    }
}

#[test]
fn a_unix_socket_that_nobody_connected_hangs_up_once() {
    let mut hand = Hand::new();
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let stream = UnixStream::from_std(socket.into()).unwrap();
    hand.finish(stream.write(b"x")).unwrap_err();
    for interest in [Interest::READABLE, Interest::WRITABLE] {
        let calls = calls(
            |operation| poll(&mut stream.async_io(interest, operation)).is_ready(),
            &mut hand,
        );
        assert!(calls <= 3, "{calls} calls for nothing");
    }
}

#[test]
fn a_peer_that_is_gone_is_the_end_and_no_storm() {
    let mut hand = Hand::new();
    let (stream, peer) = net::UnixStream::pair().unwrap();
    let stream = UnixStream::from_std(stream).unwrap();
    assert!(poll(&mut stream.read(&mut [0; 8])).is_pending());
    drop(peer);
    assert_eq!(hand.finish(stream.read(&mut [0; 8])).unwrap(), 0);
    let calls = calls(
        |operation| poll(&mut stream.async_io(Interest::READABLE, operation)).is_ready(),
        &mut hand,
    );
    assert!(calls <= 3, "{calls} calls for nothing");
}
