//! Operations that are dropped before they are ready: at every poll, and nothing is left behind or lost.
#![cfg(target_os = "linux")]

mod hand;

use std::fs;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use reveille_net::{AcceptPolicy, TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host};
use reveille_reactor::Interest;

use hand::{Hand, closed_port, context, poll};

/// One test at a time: they count the descriptors of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What is there before and must be there after: descriptors, registrations and waiters.
fn baseline(hand: &Hand) -> (usize, usize, usize) {
    let handle = hand.handle();
    (descriptors(), handle.registrations(), handle.waits().len())
}

/// An operation that always has to wait.
fn nothing() -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// Polls at most so often, with whatever the system has to say in between.
fn poll_up_to<F: Future + Unpin>(hand: &mut Hand, polls: usize, mut future: F) -> Option<F::Output> {
    for _ in 0..polls {
        if let Poll::Ready(output) = poll(&mut future) {
            return Some(output);
        }
        hand.settle();
    }
    None
}

#[test]
fn dropping_accept_at_every_poll_loses_no_client() {
    let _alone = alone();
    let mut hand = Hand::new();
    let listener = hand::listener();
    let address = listener.local_addr().unwrap();
    assert!(poll(&mut listener.accept()).is_pending());
    let before = baseline(&hand);
    for polls in 0..4 {
        for early in [true, false] {
            let mut clients = Vec::new();
            let mut served = Vec::new();
            let mut connect = || clients.push(net::TcpStream::connect(address).unwrap());
            if early {
                connect();
            }
            served.extend(poll_up_to(&mut hand, polls, listener.accept()));
            connect();
            while served.len() < 1 + usize::from(early) {
                served.push(hand.finish(listener.accept()));
            }
            let from: Vec<_> = served.iter().map(|served| served.as_ref().unwrap().1).collect();
            let sent: Vec<_> = clients
                .iter()
                .map(|client| client.local_addr().unwrap())
                .collect();
            assert_eq!(from, sent);
            drop((served, clients));
            assert!(poll(&mut listener.accept()).is_pending());
            assert_eq!(baseline(&hand), before, "after {polls} polls");
        }
    }
}

#[test]
fn dropping_connect_at_every_poll_leaves_nothing() {
    let _alone = alone();
    let mut hand = Hand::new();
    let listener = hand::listener();
    let open = listener.local_addr().unwrap();
    // An address that refuses, and then one that answers: more places to be dropped at.
    let (_socket, closed) = closed_port();
    let before = baseline(&hand);
    let mut outcomes = [0, 0];
    for addresses in [vec![open], vec![closed, open], vec![closed]] {
        for polls in 0..5 {
            let connected = poll_up_to(&mut hand, polls, TcpStream::connect(&addresses[..]));
            outcomes[usize::from(connected.is_some())] += 1;
            drop(connected);
            assert_eq!(baseline(&hand), before, "{addresses:?} after {polls} polls");
        }
    }
    for address in [open, closed] {
        for polls in 0..5 {
            let socket = TcpSocket::new_v4().unwrap();
            drop(poll_up_to(&mut hand, polls, socket.connect(address)));
            assert_eq!(baseline(&hand), before, "{address} after {polls} polls");
        }
    }
    assert!(
        outcomes[0] > 3 && outcomes[1] > 3,
        "both kinds were to be seen: {outcomes:?}"
    );
}

#[test]
fn a_connect_that_nobody_answers_goes_when_it_is_dropped() {
    let _alone = alone();
    let mut hand = Hand::new();
    // Nobody accepts, and the queue is full: the next one hears nothing.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())
        .unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let _queued = net::TcpStream::connect(address).unwrap();
    let before = baseline(&hand);
    let mut connect = TcpStream::connect(address);
    assert!(poll(&mut connect).is_pending());
    hand.settle();
    assert!(poll(&mut connect).is_pending());
    assert_eq!(baseline(&hand).1, before.1 + 1);
    drop(connect);
    assert_eq!(baseline(&hand), before);
}

#[test]
fn dropping_any_waiting_operation_withdraws_it() {
    let _alone = alone();
    let mut hand = Hand::new();
    let (stream, _peer) = hand.pair();
    let udp = UdpSocket::from_std(net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    assert!(poll(&mut udp.recv(&mut [0])).is_pending());
    while stream.try_write(&[0; 16 << 10]).is_ok() {}
    let before = baseline(&hand);
    let (buffer, more) = (&mut [0; 8], &mut [0; 8]);

    macro_rules! withdrawn {
        ($($operation:expr),* $(,)?) => {$({
            let mut operation = $operation;
            assert_eq!(baseline(&hand), before, "nothing happens before the first poll");
            for _ in 0..3 {
                assert!(poll(&mut operation).is_pending());
                hand.settle();
                assert!(baseline(&hand).2 > before.2, "it waits");
            }
            drop(operation);
            assert_eq!(baseline(&hand), before);
        })*};
    }
    withdrawn!(
        stream.read(buffer),
        stream.read_exact(buffer),
        stream.peek(buffer),
        stream.readable(),
        stream.ready(Interest::READABLE),
        stream.ready(Interest::READABLE | Interest::WRITABLE),
        stream.async_io(Interest::READABLE, nothing),
        stream.async_io(Interest::READABLE | Interest::WRITABLE, nothing),
        stream.write(b"x"),
        stream.write_all(b"x"),
        stream.writable(),
        udp.recv(buffer),
        udp.recv_from(buffer),
        udp.peek(buffer),
        udp.peek_from(more),
    );
}

#[test]
fn what_waits_is_known_by_the_line_that_began_it() {
    let _alone = alone();
    let mut hand = Hand::new();
    let (mut stream, _peer) = hand.pair();
    let listener = hand::listener();
    let udp = UdpSocket::from_std(net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    while stream.try_write(&[0; 16 << 10]).is_ok() {}
    let handle = hand.handle();
    let lines = || -> Vec<_> {
        let waits = handle.waits().into_iter();
        waits
            .map(|wait| (wait.location.file(), wait.location.line()))
            .collect()
    };
    let buffer = &mut [0; 8];

    macro_rules! named {
        ($($operation:expr),* $(,)?) => {$({
            // The operation is on the line of this macro's argument.
            let mut operation = $operation;
            assert!(poll(&mut operation).is_pending());
            let lines = lines();
            assert_eq!(lines.len(), 1);
            assert_eq!(lines[0].0, file!());
        })*};
    }
    named!(
        stream.read(buffer),
        stream.read_exact(buffer),
        stream.peek(buffer),
        stream.readable(),
        stream.ready(Interest::READABLE),
        stream.async_io(Interest::READABLE, nothing),
        stream.write(b"x"),
        stream.write_all(b"x"),
        stream.writable(),
        listener.accept(),
        udp.recv(buffer),
        udp.recv_from(buffer),
        udp.peek_from(buffer),
    );
    {
        let (reader, writer) = stream.split();
        named!(reader.read(buffer), reader.readable(), writer.write_all(b"x"));
    }
    let (reader, writer) = stream.into_split();
    named!(reader.read_exact(buffer), writer.write(b"x"));
    let (line, accept) = (line!(), listener.poll_accept(&mut context()));
    assert!(accept.is_pending());
    assert_eq!(lines(), [(file!(), line)]);
}

#[test]
fn the_types_go_to_any_thread_and_need_no_pinning() {
    fn check<T: Send + Sync + Unpin>(_: T) {}
    let _alone = alone();
    let (listener, (stream, _peer)) = (hand::listener(), hand::pair());
    let udp = UdpSocket::from_std(net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    check(TcpStream::connect("localhost:80"));
    check(TcpListener::bind("localhost:80"));
    check(lookup_host("localhost:80"));
    check(listener.accept());
    check(listener.incoming(AcceptPolicy::default()));
    check((
        stream.read(&mut []),
        stream.read_exact(&mut []),
        stream.peek(&mut []),
    ));
    check((stream.write(&[]), stream.write_all(&[])));
    check(stream.async_io(Interest::READABLE, nothing));
    check(
        TcpSocket::new_v4()
            .unwrap()
            .connect("127.0.0.1:1".parse().unwrap()),
    );
    check((
        stream.readable(),
        stream.writable(),
        stream.ready(Interest::READABLE),
    ));
    check((udp.recv(&mut []), udp.recv_from(&mut []), udp.peek_from(&mut [])));
    check((
        udp.send(&[]),
        udp.send_to(&[], "localhost:80"),
        udp.connect("localhost:80"),
    ));
    check(stream.into_split());
    check((listener, udp));
}
