//! Messages.

mod hand;
mod watchdog;

use std::cell::Cell;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use reveille_net::UdpSocket;
use reveille_reactor::Interest;

use hand::{Hand, context, poll, would_block};
use watchdog::watched;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (UdpSocket::from_std(socket).unwrap(), address)
}

/// Two sockets that are each other's peers; the first is registered and has nothing to receive.
fn pair(hand: &mut Hand) -> (UdpSocket, UdpSocket) {
    let ((one, one_address), (other, other_address)) = (socket(), socket());
    hand.finish(one.connect(other_address)).unwrap();
    hand.finish(other.connect(one_address)).unwrap();
    assert_eq!(one.peer_addr().unwrap(), other_address);
    assert!(poll(&mut one.recv(&mut [0; 8])).is_pending());
    hand.settle();
    (one, other)
}

#[test]
fn a_ping_comes_back() {
    watched(|| {
        pollster::block_on(async {
            let server = UdpSocket::bind("127.0.0.1:0").await?;
            let client = UdpSocket::bind(("127.0.0.1", 0)).await?;
            let buffer = &mut [0; 16];
            for name in ["localhost", "127.0.0.1"] {
                let port = server.local_addr()?.port();
                // The system may put ::1 first, which an IPv4 socket cannot send to.
                if client.send_to(b"ping", (name, port)).await.is_err() {
                    continue;
                }
                let (length, from) = server.recv_from(buffer).await?;
                assert_eq!((&buffer[..length], from), (&b"ping"[..], client.local_addr()?));
                server.send_to(b"pong", from).await?;
                let (length, from) = client.recv_from(buffer).await?;
                assert_eq!((&buffer[..length], from), (&b"pong"[..], server.local_addr()?));
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn connected_sockets_send_and_receive_in_every_form() {
    let mut hand = Hand::new();
    let (one, other) = pair(&mut hand);
    let (address, buffer) = (other.local_addr().unwrap(), &mut [0; 16]);

    assert_eq!(hand.finish(other.send(b"a")).unwrap(), 1);
    assert_eq!(hand.finish(one.peek(buffer)).unwrap(), 1);
    assert_eq!(hand.finish(one.peek_from(buffer)).unwrap(), (1, address));
    assert_eq!(hand.finish(one.recv(buffer)).unwrap(), 1);

    assert_eq!(hand.until(|| other.poll_send(&mut context(), b"bc")).unwrap(), 2);
    assert_eq!(hand.until(|| one.poll_recv(&mut context(), buffer)).unwrap(), 2);
    let target = one.local_addr().unwrap();
    // A connected socket may be told whom to send to all the same, on Linux.
    if cfg!(target_os = "linux") {
        let sent = hand.until(|| other.poll_send_to(&mut context(), b"def", target));
        assert_eq!(sent.unwrap(), 3);
        let received = hand.until(|| one.poll_recv_from(&mut context(), buffer));
        assert_eq!(received.unwrap(), (3, address));
    }

    assert!(would_block(&one.try_recv(buffer)));
    assert!(would_block(&one.try_recv_from(buffer)));
    assert_eq!(other.try_send(b"g").unwrap(), 1);
    hand.finish(one.readable()).unwrap();
    assert_eq!(one.try_recv_from(buffer).unwrap(), (1, address));
    hand.finish(one.writable()).unwrap();
    assert!(hand.finish(one.ready(Interest::WRITABLE)).unwrap().is_writable());
    assert_eq!(&buffer[..1], b"g");
}

#[test]
fn a_short_message_says_nothing_about_the_next() {
    let mut hand = Hand::new();
    let (one, other) = pair(&mut hand);
    for message in [&b"one"[..], b"", b"three"] {
        assert_eq!(other.try_send(message).unwrap(), message.len());
    }
    let buffer = &mut [0; 64];
    assert_eq!(hand.finish(one.recv(buffer)).unwrap(), 3);
    // They arrived together, so there is no event any more: both are there at once.
    for length in [0, 5] {
        let Poll::Ready(received) = poll(&mut one.recv(buffer)) else {
            panic!("a short message was taken for the last one");
        };
        assert_eq!(received.unwrap(), length);
    }
    assert!(poll(&mut one.recv(buffer)).is_pending());
}

#[test]
fn a_message_to_nobody_is_an_error_of_the_next_operation() {
    let mut hand = Hand::new();
    let (one, _) = socket();
    let (gone, nobody) = socket();
    drop(gone);
    hand.finish(one.connect(nobody)).unwrap();
    hand.finish(one.send(b"x")).unwrap();
    let error = hand.finish(one.recv(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    // That was it: the socket is usable.
    assert!(poll(&mut one.recv(&mut [0; 8])).is_pending());
    assert!(one.take_error().unwrap().is_none());
}

#[test]
fn nowhere_is_no_target() {
    let mut hand = Hand::new();
    let (one, _) = socket();
    let none: &[SocketAddr] = &[];
    let error = hand.finish(one.send_to(b"x", none)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let error = hand.finish(one.connect(none)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(one.peer_addr().unwrap_err().kind(), io::ErrorKind::NotConnected);
    let error = hand.finish(one.send(b"x")).unwrap_err();
    assert!(!would_block(&Err::<(), _>(error)));
}

#[test]
fn options_are_the_systems() {
    let (socket, _) = socket();
    for on in [true, false] {
        socket.set_broadcast(on).unwrap();
        assert_eq!(socket.broadcast().unwrap(), on);
        socket.set_multicast_loop_v4(on).unwrap();
        assert_eq!(socket.multicast_loop_v4().unwrap(), on);
    }
    socket.set_ttl(7).unwrap();
    socket.set_multicast_ttl_v4(3).unwrap();
    assert_eq!(
        (socket.ttl().unwrap(), socket.multicast_ttl_v4().unwrap()),
        (7, 3)
    );
}

#[test]
fn groups_are_joined_and_left() {
    let (socket, _) = socket();
    let (group, any) = (Ipv4Addr::new(224, 0, 0, 251), Ipv4Addr::UNSPECIFIED);
    // A machine without a route for groups refuses; it must refuse to leave, too.
    let joined = socket.join_multicast_v4(group, any).is_ok();
    assert_eq!(socket.leave_multicast_v4(group, any).is_ok(), joined);
    assert!(
        socket.leave_multicast_v4(group, any).is_err(),
        "it is left already"
    );

    let Ok(socket) = pollster::block_on(UdpSocket::bind("[::1]:0")) else {
        return;
    };
    for on in [true, false] {
        socket.set_multicast_loop_v6(on).unwrap();
        assert_eq!(socket.multicast_loop_v6().unwrap(), on);
    }
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    let joined = socket.join_multicast_v6(&group, 0).is_ok();
    assert_eq!(socket.leave_multicast_v6(&group, 0).is_ok(), joined);
    assert!(
        socket.leave_multicast_v6(&group, 0).is_err(),
        "it is left already"
    );
}

#[cfg(unix)]
#[test]
fn a_message_that_is_cut_off_is_told() {
    let mut hand = Hand::new();
    let (one, other) = pair(&mut hand);
    let address = other.local_addr().unwrap();
    let mut buffer = [0; 4];
    for (message, length, truncated) in [
        (&b"long enough"[..], 4, true),
        (b"four", 4, false),
        (b"", 0, false),
    ] {
        hand.finish(other.send(message)).unwrap();
        let received = hand.finish(one.recv_msg(&mut buffer)).unwrap();
        let told = (received.length, received.from, received.truncated);
        assert_eq!(told, (length, address, truncated));
    }
    assert!(would_block(&one.try_recv_msg(&mut buffer)));
}

#[test]
fn owned_futures_wait_each_with_a_waker_of_its_own() {
    // First: it may be registered when it is made.
    let mut hand = Hand::new();
    let (one, _) = socket();
    let one = Arc::new(one);
    let wakes = [(); 3].map(|()| Arc::new(Wakes::default()));
    let mut waits = [(); 3].map(|()| one.writable_owned());
    // Nothing is known before the system has reported it.
    for (wait, wakes) in waits.iter_mut().zip(&wakes) {
        let waker = Waker::from(wakes.clone());
        assert!(Pin::new(wait).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let [dropped, rest @ ..] = waits;
    drop(dropped);
    hand.settle_and_wake();
    assert_eq!(
        wakes.each_ref().map(|wakes| wakes.0.load(Ordering::SeqCst)),
        [0, 1, 1]
    );
    for mut wait in rest {
        for _ in 0..2 {
            assert!(poll(&mut wait).is_ready(), "it can be polled again");
        }
    }
}

#[test]
fn a_refused_message_costs_a_few_calls_and_is_told_once() {
    let mut hand = Hand::new();
    let (one, _) = socket();
    let (gone, nobody) = socket();
    drop(gone);
    hand.finish(one.connect(nobody)).unwrap();
    let calls = Cell::new(0);
    let mut receive = one.async_io(Interest::READABLE, || {
        calls.set(calls.get() + 1);
        let received = socket2::SockRef::from(&one).recv(&mut [std::mem::MaybeUninit::uninit(); 8]);
        received.map(drop)
    });
    for round in 0..10 {
        calls.set(0);
        assert!(poll(&mut receive).is_pending());
        assert_eq!(one.try_send(b"x").unwrap(), 1);
        let error = hand.finish(&mut receive).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        for _ in 0..100 {
            assert!(poll(&mut receive).is_pending(), "it is told once");
            hand.settle();
        }
        assert!(
            calls.get() <= 4,
            "round {round}: {} calls for one refusal",
            calls.get()
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn options_of_ip_are_there_as_on_tcp() {
    let (one, _) = socket();
    one.set_tos_v4(0x10).unwrap();
    assert_eq!(one.tos_v4().unwrap(), 0x10);
    assert_eq!(one.device().unwrap(), None);
    let v6 = net::UdpSocket::bind("[::1]:0")
        .and_then(UdpSocket::from_std)
        .unwrap();
    v6.set_tclass_v6(0x20).unwrap();
    assert_eq!(v6.tclass_v6().unwrap(), 0x20);
}
