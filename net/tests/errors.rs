//! Bad input, and peers that are gone: each a clear `io::Error`.

mod hand;
mod watchdog;

use std::io;
use std::net::{self, SocketAddr};
use std::time::Duration;

use reveille_net::{TcpListener, TcpStream, UdpSocket, lookup_host};

use hand::{Hand, closed_port};
use watchdog::watched;

fn reset_on_close(peer: net::TcpStream) {
    socket2::SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}

#[test]
fn a_used_port() {
    let mut hand = Hand::new();
    let listener = hand.finish(TcpListener::bind("127.0.0.1:0")).unwrap();
    let used = listener.local_addr().unwrap();
    let error = hand.finish(TcpListener::bind(used)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.raw_os_error().is_some(), "the system's error as it is");

    let used = net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let error = hand
        .finish(UdpSocket::bind(used.local_addr().unwrap()))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn of_several_addresses_the_first_that_can_be_bound_is() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let used = listener.local_addr().unwrap();
    let free: SocketAddr = "127.0.0.2:0".parse().unwrap();
    let listener = hand.finish(TcpListener::bind([used, free])).unwrap();
    assert_eq!(listener.local_addr().unwrap().ip(), free.ip());

    let error = hand.finish(TcpListener::bind([used, used])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&used.to_string()), "{error}");
}

#[test]
fn a_closed_port_is_the_systems_refusal() {
    let mut hand = Hand::new();
    let (_socket, closed) = closed_port();
    let error = hand.finish(TcpStream::connect(closed)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.raw_os_error().is_some(), "the system's error as it is");
    assert_eq!(hand.handle().registrations(), 0);
}

#[test]
fn of_several_addresses_the_first_that_answers_is_connected_to() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let ((_socket, closed), open) = (closed_port(), listener.local_addr().unwrap());
    let stream = hand.finish(TcpStream::connect([closed, open])).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[test]
fn if_none_answers_the_error_is_the_last_ones_and_names_them_all() {
    let mut hand = Hand::new();
    let ports = [closed_port(), closed_port()];
    let closed = [ports[0].1, ports[1].1];
    let error = hand.finish(TcpStream::connect(&closed[..])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    for address in closed {
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}

#[test]
fn what_is_no_address_is_invalid_input_that_says_why() {
    let mut hand = Hand::new();
    for (text, why) in [
        ("localhost", "there is no port"),
        ("127.0.0.1:port", "`port` is no port"),
    ] {
        let errors = [
            hand.finish(TcpStream::connect(text)).unwrap_err(),
            hand.finish(TcpListener::bind(text)).unwrap_err(),
            hand.finish(UdpSocket::bind(text)).unwrap_err(),
            hand.finish(lookup_host(text)).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
    let none: &[SocketAddr] = &[];
    let error = hand.finish(TcpStream::connect(none)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    watched(|| {
        pollster::block_on(async {
            let host = "nobody-has-this-name.invalid";
            let errors = [
                TcpStream::connect((host, 80)).await.unwrap_err(),
                TcpListener::bind(format!("{host}:80")).await.unwrap_err(),
                lookup_host((host, 80)).await.unwrap_err(),
            ];
            for error in errors {
                assert!(error.to_string().contains(host), "{error}");
                let cause = error.get_ref().and_then(|inner| inner.source());
                assert!(cause.is_some(), "the system's error is its source");
            }
        });
    });
}

#[test]
fn a_name_is_looked_up_on_another_thread_and_found() {
    watched(|| {
        pollster::block_on(async {
            let addresses: Vec<_> = lookup_host("localhost:80").await.unwrap().collect();
            assert!(!addresses.is_empty());
            for address in addresses {
                assert!(address.ip().is_loopback() && address.port() == 80, "{address}");
            }
        });
    });
}

#[test]
fn a_peer_that_resets_is_an_error_of_read_and_write() {
    let mut hand = Hand::new();
    let (stream, peer) = hand.pair();
    reset_on_close(peer);
    let error = hand.finish(stream.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);

    let (stream, peer) = hand.pair();
    let chunk = [7; 16 << 10];
    // In the midst of a transfer: the write that waits is the one that learns of it.
    let mut write = loop {
        let mut write = stream.write_all(&chunk);
        if hand::poll(&mut write).is_pending() {
            break write;
        }
    };
    reset_on_close(peer);
    let error = hand.finish(&mut write).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let error = hand.finish(stream.write(&chunk)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_stream_whose_reactor_is_gone_goes_on_with_the_next() {
    watched(|| {
        let listener = hand::listener();
        let hand = Hand::new();
        let mut accept = listener.accept();
        assert!(hand::poll(&mut accept).is_pending());
        drop(hand);
        // Nobody's reactor: the process's own serves.
        let _client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        pollster::block_on(accept).unwrap();
    });
}
