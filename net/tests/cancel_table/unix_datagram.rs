//! Unix sockets for messages.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::Read;
use std::os::unix::net::{self, SocketAddr};

use reveille_net::UnixDatagram;
use reveille_reactor::Interest;
use socket2::SockRef;

use crate::course::{Row, drive, named};
use crate::hand::Hand;
use crate::messages::{self, Receiving, Sending, message};
use crate::place::Place;

const RECEIVING: [Row<Receiving<UnixDatagram>>; 11] = [
    (&["unix::UnixDatagram::recv"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let length = drive(hand, course, socket.recv(&mut buffer));
        one(length.map(|length| buffer[..length.unwrap()].to_vec()))
    }),
    (&["unix::UnixDatagram::recv_from"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, socket.recv_from(&mut buffer));
        one(received.map(|received| buffer[..received.unwrap().0].to_vec()))
    }),
    (&["unix::UnixDatagram::recv_msg"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, socket.recv_msg(&mut buffer));
        one(received.map(|received| buffer[..received.unwrap().length].to_vec()))
    }),
    (&["unix::UnixDatagram::recv_with_fds"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, socket.recv_with_fds(&mut buffer, 1));
        one(received.map(|received| buffer[..received.unwrap().0].to_vec()))
    }),
    (&["unix::UnixDatagram::peek"], |hand, socket, course| {
        let seen = drive(hand, course, socket.peek(&mut [0; 64]));
        one(seen.map(|seen| taken(hand, socket, seen.unwrap())))
    }),
    (&["unix::UnixDatagram::peek_from"], |hand, socket, course| {
        let seen = drive(hand, course, socket.peek_from(&mut [0; 64]));
        one(seen.map(|seen| taken(hand, socket, seen.unwrap().0)))
    }),
    (&["unix::UnixDatagram::readable"], |hand, socket, course| {
        let ready = drive(hand, course, socket.readable());
        one(ready.and_then(|ready| {
            ready.unwrap();
            tried(socket)
        }))
    }),
    (&["unix::UnixDatagram::ready"], |hand, socket, course| {
        let ready = drive(hand, course, socket.ready(Interest::READABLE));
        assert!(ready.iter().flatten().all(|ready| ready.is_readable()));
        one(ready.and_then(|_| tried(socket)))
    }),
    (&["unix::UnixDatagram::async_io"], |hand, socket, course| {
        let (std, mut buffer) = (SockRef::from(&*socket), [0; 64]);
        let receive = socket.async_io(Interest::READABLE, || (&*std).read(&mut buffer));
        let length = drive(hand, course, receive);
        one(length.map(|length| buffer[..length.unwrap()].to_vec()))
    }),
    (&["unix::UnixDatagram::poll_recv"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let length = drive(hand, course, poll_fn(|cx| socket.poll_recv(cx, &mut buffer)));
        one(length.map(|length| buffer[..length.unwrap()].to_vec()))
    }),
    (&["unix::UnixDatagram::poll_recv_from"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, poll_fn(|cx| socket.poll_recv_from(cx, &mut buffer)));
        one(received.map(|received| buffer[..received.unwrap().0].to_vec()))
    }),
];

/// From a socket that is connected with the other one.
const SENDING: [Row<Sending<UnixDatagram, SocketAddr>>; 6] = [
    (
        &["unix::UnixDatagram::send"],
        |hand, socket, _, number, course| sent(drive(hand, course, socket.send(&message(number)))),
    ),
    (
        &["unix::UnixDatagram::send_with_fds"],
        |hand, socket, _, number, course| {
            sent(drive(hand, course, socket.send_with_fds(&message(number), &[])))
        },
    ),
    (
        &["unix::UnixDatagram::writable"],
        |hand, socket, _, number, course| {
            let ready = drive(hand, course, socket.writable());
            tried_to_send(socket, number, ready.map(Result::unwrap))
        },
    ),
    (
        &["unix::UnixDatagram::ready"],
        |hand, socket, _, number, course| {
            let ready = drive(hand, course, socket.ready(Interest::WRITABLE));
            tried_to_send(
                socket,
                number,
                ready.map(|ready| assert!(ready.unwrap().is_writable())),
            )
        },
    ),
    (
        &["unix::UnixDatagram::async_io"],
        |hand, socket, _, number, course| {
            let (std, text) = (SockRef::from(&*socket), message(number));
            sent(drive(
                hand,
                course,
                socket.async_io(Interest::WRITABLE, || std.send(&text)),
            ))
        },
    ),
    (
        &["unix::UnixDatagram::poll_send"],
        |hand, socket, _, number, course| {
            let text = message(number);
            sent(drive(hand, course, poll_fn(|cx| socket.poll_send(cx, &text))))
        },
    ),
];

/// From one that is not.
const SENDING_TO: [Row<Sending<UnixDatagram, SocketAddr>>; 2] = [
    (
        &["unix::UnixDatagram::send_to"],
        |hand, socket, address, number, course| {
            let path = address.as_pathname().unwrap();
            sent(drive(hand, course, socket.send_to(&message(number), path)))
        },
    ),
    (
        &["unix::UnixDatagram::send_to_addr"],
        |hand, socket, address, number, course| {
            sent(drive(
                hand,
                course,
                socket.send_to_addr(&message(number), address),
            ))
        },
    ),
];

fn one(message: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    message.into_iter().collect()
}

/// What was seen, received.
fn taken(hand: &mut Hand, socket: &UnixDatagram, seen: usize) -> Vec<u8> {
    let mut buffer = [0; 64];
    assert_eq!(hand.finish(socket.recv(&mut buffer)).unwrap(), seen);
    buffer[..seen].to_vec()
}

fn tried(socket: &UnixDatagram) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    let length = socket.try_recv(&mut buffer).ok()?;
    Some(buffer[..length].to_vec())
}

fn tried_to_send(socket: &UnixDatagram, number: usize, ready: Option<()>) -> usize {
    let sent = ready.and_then(|()| socket.try_send(&message(number)).ok());
    usize::from(sent.is_some())
}

/// One message, if any.
fn sent(outcome: Option<std::io::Result<usize>>) -> usize {
    outcome.map_or(0, |length| {
        assert_eq!(length.unwrap(), message(0).len());
        1
    })
}

pub(crate) fn operations() -> Vec<&'static str> {
    [named(&RECEIVING), named(&SENDING), named(&SENDING_TO)].concat()
}

#[test]
fn no_message_is_lost_by_dropping_what_receives() {
    messages::nothing_is_lost(&RECEIVING, |_| {
        let (socket, sender) = net::UnixDatagram::pair().unwrap();
        let send = move |message: &[u8]| assert_eq!(sender.send(message).unwrap(), message.len());
        (UnixDatagram::from_std(socket).unwrap(), send)
    });
}

#[test]
fn no_message_is_lost_or_sent_twice_by_dropping_what_sends() {
    let place = Place::new("cancel-table-unix-datagram");
    let counter = Cell::new(0);
    for (rows, connected) in [(&SENDING[..], true), (&SENDING_TO[..], false)] {
        messages::nothing_is_lost_or_sent_twice(rows, |_| {
            counter.set(counter.get() + 1);
            let path = place.path().with_extension(counter.get().to_string());
            let (socket, receiver) = (
                net::UnixDatagram::unbound().unwrap(),
                net::UnixDatagram::bind(&path).unwrap(),
            );
            if connected {
                socket.connect(&path).unwrap();
            }
            let address = receiver.local_addr().unwrap();
            receiver.set_nonblocking(true).unwrap();
            let receive = move || {
                let mut buffer = [0; 64];
                let length = receiver.recv(&mut buffer).ok()?;
                Some(buffer[..length].to_vec())
            };
            (UnixDatagram::from_std(socket).unwrap(), address, receive)
        });
    }
}
