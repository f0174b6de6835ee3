//! What makes a socket, or finds somebody: dropped early, it leaves nothing behind, and the next one comes through.

use std::io::{self, ErrorKind, Read};
use std::net::{self, SocketAddr, TcpListener as StdListener};

use reveille_net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host};

use crate::course::{Budget, COURSES, Course, Row, drive, named};
use crate::hand::{Hand, closed_port};
use crate::names::{SLOW, Slow};

/// Connects to the address.
type Connecting<A, S> = fn(&mut Hand, &A, Course) -> Option<io::Result<S>>;

/// Binds a socket to the address, which is free.
type Binding = fn(&mut Hand, SocketAddr, Course) -> Option<SocketAddr>;

const TCP: [Row<Connecting<SocketAddr, TcpStream>>; 4] = [
    (&["tcp::TcpStream::connect"], |hand, address, course| {
        drive(hand, course, TcpStream::connect(*address))
    }),
    // By name.
    (&["tcp::TcpStream::connect"], |hand, address, course| {
        let _slow = Slow::enter();
        drive(hand, course, TcpStream::connect((SLOW, address.port())))
    }),
    // One that refuses first, and one twice: so it is dropped between its attempts.
    (&["tcp::TcpStream::connect"], |hand, address, course| {
        let (_socket, closed) = closed_port();
        drive(
            hand,
            course,
            TcpStream::connect(&[closed, *address, *address][..]),
        )
    }),
    (&["tcp::TcpSocket::connect"], |hand, address, course| {
        drive(hand, course, TcpSocket::new_v4().unwrap().connect(*address))
    }),
];

const BINDING: [Row<Binding>; 4] = [
    (&["tcp::TcpListener::bind"], |hand, address, course| {
        let bound = drive(hand, course, TcpListener::bind(address));
        bound.map(|bound| bound.unwrap().local_addr().unwrap())
    }),
    (&["tcp::TcpListener::bind"], |hand, address, course| {
        let _slow = Slow::at(address.ip());
        let bound = drive(hand, course, TcpListener::bind((SLOW, address.port())));
        bound.map(|bound| bound.unwrap().local_addr().unwrap())
    }),
    (&["udp::UdpSocket::bind"], |hand, address, course| {
        let bound = drive(hand, course, UdpSocket::bind(address));
        bound.map(|bound| bound.unwrap().local_addr().unwrap())
    }),
    (&["udp::UdpSocket::bind"], |hand, address, course| {
        let _slow = Slow::at(address.ip());
        let bound = drive(hand, course, UdpSocket::bind((SLOW, address.port())));
        bound.map(|bound| bound.unwrap().local_addr().unwrap())
    }),
];

/// They have tests of their own, below.
const OTHERS: [&str; 2] = ["udp::UdpSocket::connect", "resolve::lookup_host"];

pub(crate) fn operations() -> Vec<&'static str> {
    #[cfg(unix)]
    let unix = named(&unix::UNIX);
    #[cfg(not(unix))]
    let unix = Vec::new();
    [named(&TCP), named(&BINDING), OTHERS.to_vec(), unix].concat()
}

/// Enough polls for whatever has only one look-up and one connection to wait for.
const LONG: Course = &[Budget::Left; 8];

/// Connects by each row and each course. The listener, which `accept` asks, sees the end of each connection whose future
/// was dropped, and a byte of each that was returned.
fn nothing_is_left<A, S, C: Read>(
    rows: &[Row<Connecting<A, S>>],
    address: &A,
    mut accept: impl FnMut() -> Option<C>,
    say: fn(&S),
    always_waits: bool,
) {
    let mut hand = Hand::new();
    for (name, connect) in rows {
        let (mut connected, mut dropped) = (0, 0);
        for course in COURSES.into_iter().cycle().take(50).chain([LONG]) {
            let stream = connect(&mut hand, address, course).map(Result::unwrap);
            stream.iter().for_each(say);
            let said = usize::from(stream.is_some());
            connected += said;
            dropped += 1 - said;
            drop(stream);
            let heard: Vec<_> = std::iter::from_fn(&mut accept)
                .map(|mut accepted| {
                    let mut bytes = Vec::new();
                    // It may be a reset instead of the end: all the same it is over, which it would wait for else.
                    let over = accepted.read_to_end(&mut bytes);
                    assert!(
                        over.is_ok() || over.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
                        "{name:?} leaves a connection open after {course:?}"
                    );
                    bytes.len()
                })
                .collect();
            assert_eq!(heard.iter().sum::<usize>(), said, "{name:?} after {course:?}");
            let handle = hand.handle();
            let left = (handle.registrations(), handle.waits().len());
            assert_eq!(left, (0, 0), "{name:?} leaves something behind after {course:?}");
        }
        assert!(connected > 0, "{name:?} never came through");
        assert!(
            !always_waits || dropped > 20,
            "{name:?} was dropped early only {dropped} times"
        );
    }
}

#[test]
fn a_connect_that_is_dropped_leaves_no_connection() {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let accept = || {
        let (stream, _) = listener.accept().ok()?;
        stream.set_nonblocking(false).unwrap();
        let patience = std::time::Duration::from_secs(10);
        stream.set_read_timeout(Some(patience)).unwrap();
        Some(stream)
    };
    let say = |stream: &TcpStream| assert_eq!(stream.try_write(b"x").unwrap(), 1);
    nothing_is_left(&TCP, &address, accept, say, true);
}

#[test]
fn a_bind_that_is_dropped_leaves_its_address_free() {
    let mut hand = Hand::new();
    // Where nobody else binds, who is given any free port, while this one lets go of its own.
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = SocketAddr::from(([127, 1, high, low.clamp(1, 254)], 0));
    for (name, bind) in BINDING {
        let (mut bound, mut dropped) = (0, 0);
        for course in COURSES.into_iter().chain([LONG]) {
            // Of both kinds, so that it is free for either.
            let free = {
                let listener = StdListener::bind(own).unwrap();
                let free = listener.local_addr().unwrap();
                let Ok(_other) = net::UdpSocket::bind(free) else {
                    continue;
                };
                free
            };
            match bind(&mut hand, free, course) {
                Some(address) => {
                    assert_eq!(address, free, "{name:?}");
                    bound += 1;
                }
                None => dropped += 1,
            }
            StdListener::bind(free).unwrap();
            net::UdpSocket::bind(free).unwrap();
            let handle = hand.handle();
            let left = (handle.registrations(), handle.waits().len());
            assert_eq!(left, (0, 0), "{name:?} leaves something behind after {course:?}");
        }
        assert!(
            bound > 0 && dropped > 0,
            "{name:?}: {bound} times bound, {dropped} times dropped"
        );
    }
}

#[test]
fn a_udp_connect_that_is_dropped_leaves_the_peer_that_there_was() {
    let mut hand = Hand::new();
    let bound = || net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (first, second) = (bound(), bound());
    let [first, second] = [first, second].map(|socket| socket.local_addr().unwrap());
    let (mut changed, mut kept) = (0, 0);
    for course in COURSES.into_iter().chain([LONG]) {
        for by_name in [false, true] {
            let socket = bound();
            socket.connect(first).unwrap();
            let socket = UdpSocket::from_std(socket).unwrap();
            let _slow = Slow::enter();
            let connected = match by_name {
                true => drive(&mut hand, course, socket.connect((SLOW, second.port()))),
                false => drive(&mut hand, course, socket.connect(second)),
            };
            let expected = match connected {
                Some(outcome) => outcome.map(|()| second).unwrap(),
                None => first,
            };
            changed += usize::from(expected == second);
            kept += usize::from(expected == first && !course.is_empty());
            assert_eq!(socket.peer_addr().unwrap(), expected, "after {course:?}");
        }
    }
    assert!(changed > 0 && kept > 0, "{changed} were changed, {kept} kept");
}

#[test]
fn a_look_up_that_is_dropped_delays_no_other() {
    let mut hand = Hand::new();
    let (mut found, mut dropped) = (0, 0);
    for course in COURSES.into_iter().chain([LONG]) {
        let slow = Slow::enter();
        match drive(&mut hand, course, lookup_host((SLOW, 80))) {
            Some(addresses) => {
                let addresses: Vec<_> = addresses.unwrap().collect();
                assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
                found += 1;
            }
            None => dropped += usize::from(!course.is_empty()),
        }
        // By the system's, whose threads are the whole process's.
        drop(slow);
        let _ = drive(&mut hand, course, lookup_host("localhost:80"));
    }
    assert!(found > 0 && dropped > 0, "{found} were found, {dropped} dropped");
    let addresses = pollster::block_on(lookup_host("localhost:80")).unwrap();
    assert!(addresses.into_iter().all(|address| address.ip().is_loopback()));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::time::Duration;

    use reveille_net::UnixStream;

    use super::*;
    use crate::place::Place;

    pub(super) const UNIX: [Row<Connecting<SocketAddr, UnixStream>>; 2] = [
        (&["unix::UnixStream::connect"], |hand, address, course| {
            drive(hand, course, UnixStream::connect(address.as_pathname().unwrap()))
        }),
        (&["unix::UnixStream::connect_addr"], |hand, address, course| {
            drive(hand, course, UnixStream::connect_addr(address))
        }),
    ];

    #[test]
    fn a_connect_that_is_dropped_leaves_no_connection() {
        let place = Place::new("cancel-table-connecting");
        let listener = UnixListener::bind(place.path()).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let accept = || {
            let (stream, _) = listener.accept().ok()?;
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            Some(stream)
        };
        let say = |stream: &UnixStream| assert_eq!(stream.try_write(b"x").unwrap(), 1);
        // Most systems connect these at once.
        nothing_is_left(&UNIX, &address, accept, say, false);
    }
}
