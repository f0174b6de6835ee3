//! Sockets of std, which block, and back.

mod hand;
mod watchdog;

use std::io::{Read, Write};
use std::net;

use reveille_net::{TcpListener, TcpStream, UdpSocket};

use hand::{Hand, poll, would_block};
use watchdog::watched;

/// Two of std's streams, which block.
fn blocking_pair() -> (net::TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (stream, listener.accept().unwrap().0)
}

// With a socket that blocked, each of these would hang in the system call.

#[test]
fn a_blocking_stream_becomes_one_that_does_not() {
    watched(|| {
        let (stream, _peer) = blocking_pair();
        let stream = TcpStream::from_std(stream).unwrap();
        assert!(would_block(&stream.try_read(&mut [0; 8])));
        let mut std = stream.into_std().unwrap();
        assert!(would_block(&std.read(&mut [0; 8])));
    });
}

#[test]
fn a_blocking_listener_becomes_one_that_does_not() {
    watched(|| {
        let _hand = Hand::new();
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        assert!(poll(&mut listener.accept()).is_pending());
        let std = listener.into_std().unwrap();
        assert!(would_block(&std.accept()));
    });
}

#[test]
fn a_blocking_udp_socket_becomes_one_that_does_not() {
    watched(|| {
        let socket = net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = UdpSocket::from_std(socket).unwrap();
        assert!(would_block(&socket.try_recv(&mut [0; 8])));
        let std = socket.into_std().unwrap();
        assert!(would_block(&std.recv(&mut [0; 8])));
    });
}

#[test]
fn the_streams_that_a_listener_of_std_accepts_do_not_block() {
    watched(|| {
        let mut hand = Hand::new();
        let listener = TcpListener::try_from(net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let _peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = hand.finish(listener.accept()).unwrap();
        assert!(would_block(&stream.try_read(&mut [0; 8])));
    });
}

#[test]
fn a_stream_that_was_registered_goes_back_and_forth() {
    watched(|| {
        let mut hand = Hand::new();
        let (stream, mut peer) = hand.pair();
        assert_eq!(hand.handle().registrations(), 1);
        let std = stream.into_std().unwrap();
        assert_eq!(hand.handle().registrations(), 0);
        std.set_nonblocking(false).unwrap();

        let stream = TcpStream::try_from(std).unwrap();
        assert!(poll(&mut stream.read(&mut [0; 8])).is_pending());
        peer.write_all(b"x").unwrap();
        assert_eq!(hand.finish(stream.read(&mut [0; 8])).unwrap(), 1);
    });
}
