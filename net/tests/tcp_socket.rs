//! Sockets that are configured before they connect or listen, and options.

mod hand;
mod watchdog;

use std::io;
use std::net::{self, SocketAddr};
use std::time::Duration;

use reveille_net::tcp::TcpKeepalive;
use reveille_net::{TcpListener, TcpSocket, TcpStream};

use hand::{Hand, closed_port, poll};
use watchdog::watched;

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Bound to some port.
fn bound() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(any_port()).unwrap();
    socket
}

#[test]
fn a_socket_connects_from_where_it_is_bound() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let socket = bound();
    let from = socket.local_addr().unwrap();
    let stream = hand
        .finish(socket.connect(listener.local_addr().unwrap()))
        .unwrap();
    assert_eq!(stream.local_addr().unwrap(), from);
    let (server, seen) = hand.finish(listener.accept()).unwrap();
    assert_eq!(seen, from);
    hand.finish(stream.write_all(b"hello")).unwrap();
    let mut buffer = [0; 5];
    hand.finish(server.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"hello");
}

#[test]
fn a_socket_that_is_refused_says_so() {
    let mut hand = Hand::new();
    let (_socket, closed) = closed_port();
    let error = hand
        .finish(TcpSocket::new_v4().unwrap().connect(closed))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.raw_os_error().is_some(), "the system's error as it is");
    assert_eq!(hand.handle().registrations(), 0);
}

#[test]
fn an_address_of_the_other_family_is_an_error_and_no_hang() {
    let mut hand = Hand::new();
    let v6: SocketAddr = "[::1]:80".parse().unwrap();
    assert!(TcpSocket::new_v4().unwrap().bind(v6).is_err());
    assert!(hand.finish(TcpSocket::new_v4().unwrap().connect(v6)).is_err());
}

#[test]
fn nothing_is_sent_before_the_first_poll_and_nothing_stays_after_the_last() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let socket = TcpSocket::new_v4().unwrap();
    let mut connect = socket.connect(listener.local_addr().unwrap());
    assert!(poll(&mut listener.accept()).is_pending());
    hand.settle();
    assert!(poll(&mut listener.accept()).is_pending());
    assert!(poll(&mut connect).is_pending(), "it waits to be told, always");
    drop(connect);
    let (server, _) = hand.finish(listener.accept()).unwrap();
    assert_eq!(hand.finish(server.read(&mut [0; 8])).unwrap(), 0, "it was closed");
}

#[test]
fn a_socket_of_std_is_put_into_non_blocking_mode() {
    watched(|| {
        let mut hand = Hand::new();
        let (_socket, closed) = closed_port();
        let std: net::TcpStream = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .unwrap()
            .into();
        let mut connect = TcpSocket::from_std_stream(std).connect(closed);
        assert!(
            poll(&mut connect).is_pending(),
            "it would have blocked until refused"
        );
        assert!(hand.finish(connect).is_err());

        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let socket = TcpSocket::from_std_stream(socket.into());
        socket.bind(any_port()).unwrap();
        let listener = socket.listen(16).unwrap();
        assert!(poll(&mut listener.accept()).is_pending());
    });
}

#[test]
fn clients_beyond_a_short_backlog_are_served_too() {
    let mut hand = Hand::new();
    let listener = bound().listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut connects: Vec<_> = (0..8).map(|_| TcpStream::connect(address)).collect();
    for connect in &mut connects {
        assert!(poll(connect).is_pending());
    }
    // Those that found the queue full are repeated by the system: in a second, and they count too.
    for _ in 0..3 {
        hand.finish(listener.accept()).unwrap();
    }
}

/// Sets an option and gets it back, for each of the three types.
macro_rules! comes_back {
    ($socket:expr; $($get:ident $set:ident $value:expr),* $(,)?) => {$(
        $socket.$set($value).unwrap();
        assert_eq!($socket.$get().unwrap(), $value, stringify!($get));
    )*};
}

/// For each of the three types.
macro_rules! for_each_type {
    ($with:ident) => {
        let mut hand = Hand::new();
        let socket = TcpSocket::new_v4().unwrap();
        $with!(socket);
        socket.bind(any_port()).unwrap();
        let listener: TcpListener = socket.listen(16).unwrap();
        $with!(listener);
        let stream: TcpStream = hand
            .finish(TcpStream::connect(listener.local_addr().unwrap()))
            .unwrap();
        $with!(stream);
    };
}

#[test]
fn options_that_are_set_come_back() {
    macro_rules! check {
        ($socket:ident) => {
            comes_back!($socket;
                nodelay set_nodelay true,
                nodelay set_nodelay false,
                keepalive set_keepalive true,
                keepalive set_keepalive false,
                linger set_linger Some(Duration::from_secs(7)),
                linger set_linger None,
                ttl set_ttl 7,
            );
            $socket.set_zero_linger().unwrap();
            assert_eq!($socket.linger().unwrap(), Some(Duration::ZERO));
            assert!($socket.take_error().unwrap().is_none());
        };
    }
    for_each_type!(check);
}

#[test]
fn what_the_system_would_cut_to_fit_is_rounded_up_or_refused() {
    macro_rules! check {
        ($socket:ident) => {
            $socket.set_linger(Some(Duration::from_millis(1))).unwrap();
            assert_eq!(
                $socket.linger().unwrap(),
                Some(Duration::from_secs(1)),
                "no reset"
            );
            $socket.set_linger(Some(Duration::MAX)).unwrap();
            assert_ne!($socket.linger().unwrap(), Some(Duration::ZERO));
            let before = $socket.ttl().unwrap();
            for ttl in [256, u32::MAX] {
                let error = $socket.set_ttl(ttl).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            }
            assert_eq!($socket.ttl().unwrap(), before);
            $socket.set_send_buffer_size(u32::MAX).unwrap();
        };
    }
    for_each_type!(check);
}

#[test]
fn buffer_sizes_are_those_asked_for_or_what_the_system_makes_of_them() {
    macro_rules! check {
        ($socket:ident) => {
            for size in [32 << 10, 64 << 10] {
                $socket.set_send_buffer_size(size).unwrap();
                $socket.set_recv_buffer_size(size).unwrap();
                for got in [
                    $socket.send_buffer_size().unwrap(),
                    $socket.recv_buffer_size().unwrap(),
                ] {
                    assert!((size..=2 * size).contains(&got), "{size} became {got}");
                }
            }
        };
    }
    for_each_type!(check);
}

#[test]
fn keepalive_comes_back_and_leaves_alone_what_is_not_set() {
    macro_rules! check {
        ($socket:ident) => {
            let before = $socket.tcp_keepalive().unwrap();
            let wanted = TcpKeepalive::new().with_time(Duration::from_secs(61));
            $socket.set_tcp_keepalive(&wanted).unwrap();
            assert!($socket.keepalive().unwrap());
            if cfg!(target_os = "linux") {
                let got = $socket.tcp_keepalive().unwrap();
                assert_eq!(got.time(), wanted.time());
                assert_eq!(
                    (got.interval(), got.retries()),
                    (before.interval(), before.retries())
                );
                let wanted = wanted.with_interval(Duration::from_secs(9)).with_retries(3);
                $socket.set_tcp_keepalive(&wanted).unwrap();
                assert_eq!($socket.tcp_keepalive().unwrap(), wanted);
            }
        };
    }
    for_each_type!(check);
}

#[test]
fn what_was_set_on_the_socket_is_still_set_on_what_it_becomes() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_keepalive(true).unwrap();
    socket.set_ttl(9).unwrap();
    let stream = hand
        .finish(socket.connect(listener.local_addr().unwrap()))
        .unwrap();
    assert!(stream.nodelay().unwrap() && stream.keepalive().unwrap());
    assert_eq!(stream.ttl().unwrap(), 9);
}

#[test]
fn options_of_ipv6_come_back() {
    let Ok(socket) = TcpSocket::new_v6() else {
        return;
    };
    comes_back!(socket;
        only_v6 set_only_v6 true,
        only_v6 set_only_v6 false,
        unicast_hops_v6 set_unicast_hops_v6 7,
    );
    let v4 = TcpSocket::new_v4().unwrap();
    assert!(v4.only_v6().is_err() && v4.unicast_hops_v6().is_err());
}

#[cfg(unix)]
#[test]
fn without_reuseaddr_an_address_that_lingers_is_in_use() {
    let mut hand = Hand::new();
    let socket = TcpSocket::new_v4().unwrap();
    // Linux asks this of both, the one that lingers and the one that comes.
    comes_back!(socket; reuseaddr set_reuseaddr true);
    socket.bind(any_port()).unwrap();
    let listener = socket.listen(16).unwrap();
    let address = listener.local_addr().unwrap();
    let client = hand.finish(TcpStream::connect(address)).unwrap();
    let (server, _) = hand.finish(listener.accept()).unwrap();
    // Who closes first is who lingers.
    drop((server, listener));
    drop(client);

    let socket = TcpSocket::new_v4().unwrap();
    assert!(!socket.reuseaddr().unwrap());
    assert_eq!(socket.bind(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    comes_back!(socket; reuseaddr set_reuseaddr true);
    socket.bind(address).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn listeners_that_reuse_a_port_share_the_connections() {
    let mut hand = Hand::new();
    let shared = |address| {
        let socket = TcpSocket::new_v4().unwrap();
        comes_back!(socket; reuseport set_reuseport true);
        socket.bind(address).unwrap();
        socket.listen(64).unwrap()
    };
    let first = shared(any_port());
    let address = first.local_addr().unwrap();
    let second = shared(address);
    let clients: Vec<_> = (0..64)
        .map(|_| net::TcpStream::connect(address).unwrap())
        .collect();
    let (mut accepted, mut served) = ([0, 0], 0);
    while served < clients.len() {
        for (listener, accepted) in [&first, &second].into_iter().zip(&mut accepted) {
            while let std::task::Poll::Ready(connection) = poll(&mut listener.accept()) {
                connection.unwrap();
                *accepted += 1;
                served += 1;
            }
        }
        hand.settle();
    }
    // 1 in 2^63 that this fails.
    assert!(accepted[0] > 0 && accepted[1] > 0, "{accepted:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn options_of_linux_come_back() {
    macro_rules! check {
        ($socket:ident) => {
            comes_back!($socket; tos_v4 set_tos_v4 0x10);
            assert_eq!($socket.device().unwrap(), None);
            match $socket.bind_device(Some(b"lo")) {
                Ok(()) => {
                    assert_eq!($socket.device().unwrap().unwrap(), b"lo");
                    $socket.bind_device(None).unwrap();
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
            }
            let error = $socket.bind_device(Some(b"lo\0eth0")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(r"lo\x00eth0"), "{error}");
            assert_eq!($socket.device().unwrap(), None);
        };
    }
    for_each_type!(check);
    if let Ok(socket) = TcpSocket::new_v6() {
        comes_back!(socket; tclass_v6 set_tclass_v6 0x10);
    }
    let (stream, _peer) = hand::pair();
    comes_back!(stream; quickack set_quickack false, quickack set_quickack true);
}

#[cfg(unix)]
#[test]
fn a_socket_is_a_descriptor_and_back() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    let socket = bound();
    let (raw, address) = (socket.as_raw_fd(), socket.local_addr().unwrap());
    assert_eq!(socket.as_fd().as_raw_fd(), raw);
    let socket = TcpSocket::from(OwnedFd::from(socket));
    assert_eq!((socket.as_raw_fd(), socket.local_addr().unwrap()), (raw, address));
}
