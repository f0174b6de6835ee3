//! UDP.

use std::future::poll_fn;
use std::io::IoSliceMut;
use std::net::{self, SocketAddr};
use std::sync::Arc;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use reveille_net::UdpSocket;
use reveille_reactor::Interest;

use crate::course::{Row, drive, named};
use crate::hand::Hand;
use crate::messages::{self, Receiving, Sending, message};
use crate::names::{SLOW, Slow};

type Socket = Arc<UdpSocket>;

const RECEIVING: [Row<Receiving<Socket>>; 10] = [
    (&["udp::UdpSocket::recv"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let length = drive(hand, course, socket.recv(&mut buffer));
        one(length.map(|length| buffer[..length.unwrap()].to_vec()))
    }),
    (&["udp::UdpSocket::recv_from"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, socket.recv_from(&mut buffer));
        one(received.map(|received| buffer[..received.unwrap().0].to_vec()))
    }),
    (&["udp::UdpSocket::recv_msg"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, socket.recv_msg(&mut buffer));
        one(received.map(|received| buffer[..received.unwrap().length].to_vec()))
    }),
    (&["udp::UdpSocket::peek"], |hand, socket, course| {
        let seen = drive(hand, course, socket.peek(&mut [0; 64]));
        one(seen.map(|seen| taken(hand, socket, seen.unwrap())))
    }),
    (&["udp::UdpSocket::peek_from"], |hand, socket, course| {
        let seen = drive(hand, course, socket.peek_from(&mut [0; 64]));
        one(seen.map(|seen| taken(hand, socket, seen.unwrap().0)))
    }),
    (&["udp::UdpSocket::readable"], |hand, socket, course| {
        let ready = drive(hand, course, socket.readable());
        one(ready.and_then(|ready| {
            ready.unwrap();
            tried(socket)
        }))
    }),
    (&["udp::UdpSocket::ready"], |hand, socket, course| {
        let ready = drive(hand, course, socket.ready(Interest::READABLE));
        assert!(ready.iter().flatten().all(|ready| ready.is_readable()));
        one(ready.and_then(|_| tried(socket)))
    }),
    (&["udp::UdpSocket::async_io"], |hand, socket, course| {
        let mut buffer = [0; 64];
        // Ready at once, as there is room to send: its `WouldBlock` must not be the end of the waiting.
        let either = Interest::READABLE | Interest::WRITABLE;
        let operation = || receive_by_others(socket, &mut buffer);
        let length = drive(hand, course, socket.async_io(either, operation));
        one(length.map(|length| buffer[..length.unwrap()].to_vec()))
    }),
    (&["udp::UdpSocket::poll_recv"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let length = drive(hand, course, poll_fn(|cx| socket.poll_recv(cx, &mut buffer)));
        one(length.map(|length| buffer[..length.unwrap()].to_vec()))
    }),
    (&["udp::UdpSocket::poll_recv_from"], |hand, socket, course| {
        let mut buffer = [0; 64];
        let received = drive(hand, course, poll_fn(|cx| socket.poll_recv_from(cx, &mut buffer)));
        one(received.map(|received| buffer[..received.unwrap().0].to_vec()))
    }),
];

/// From a socket that is connected with the other one.
const SENDING: [Row<Sending<Socket, SocketAddr>>; 5] = [
    (&["udp::UdpSocket::send"], |hand, socket, _, number, course| {
        sent(drive(hand, course, socket.send(&message(number))))
    }),
    (
        &["udp::UdpSocket::writable"],
        |hand, socket, _, number, course| {
            let ready = drive(hand, course, socket.writable());
            sent(ready.map(|ready| ready.and_then(|()| socket.try_send(&message(number)))))
        },
    ),
    (
        &["udp::UdpSocket::writable_owned"],
        |hand, socket, _, number, course| {
            let ready = drive(hand, course, socket.writable_owned());
            sent(ready.map(|ready| ready.and_then(|()| socket.try_send(&message(number)))))
        },
    ),
    (&["udp::UdpSocket::ready"], |hand, socket, _, number, course| {
        let ready = drive(hand, course, socket.ready(Interest::WRITABLE));
        sent(ready.map(|ready| ready.and_then(|_| socket.try_send(&message(number)))))
    }),
    (
        &["udp::UdpSocket::poll_send"],
        |hand, socket, _, number, course| {
            let text = message(number);
            sent(drive(hand, course, poll_fn(|cx| socket.poll_send(cx, &text))))
        },
    ),
];

/// Many in one call, in the system's batches.
const BATCHES: [Row<Receiving<Socket>>; 1] = [(&["udp::UdpSocket::async_io"], |hand, socket, course| {
    let state = UdpSocketState::new((&**socket).into()).unwrap();
    let mut buffers = vec![[0; 256]; BATCH_SIZE];
    let mut infos = [RecvMeta::default(); BATCH_SIZE];
    let receive = || {
        let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        state.recv((&**socket).into(), &mut slices, &mut infos)
    };
    let count = drive(hand, course, socket.async_io(Interest::READABLE, receive));
    let count = count.map_or(0, Result::unwrap);
    let filled = infos[..count].iter().zip(&buffers);
    let messages = filled.flat_map(|(info, buffer)| buffer[..info.len].chunks(info.stride));
    messages.map(<[u8]>::to_vec).collect()
})];

/// One in one call, which the system cuts into many.
const SEGMENTS: [Row<Sending<Socket, SocketAddr>>; 1] = [(
    &["udp::UdpSocket::async_io"],
    |hand, socket, address, number, course| {
        let state = UdpSocketState::new((&**socket).into()).unwrap();
        let segments = state.max_gso_segments().min(4);
        let contents: Vec<_> = (number..number + segments).flat_map(message).collect();
        let transmit = Transmit {
            destination: *address,
            ecn: None,
            contents: &contents,
            segment_size: (segments > 1).then_some(message(0).len()),
            src_ip: None,
        };
        let send = || state.try_send((&**socket).into(), &transmit);
        match drive(hand, course, socket.async_io(Interest::WRITABLE, send)) {
            Some(outcome) => outcome.map(|()| segments).unwrap(),
            None => 0,
        }
    },
)];

/// From one that is not.
const SENDING_TO: [Row<Sending<Socket, SocketAddr>>; 3] = [
    (
        &["udp::UdpSocket::send_to"],
        |hand, socket, address, number, course| {
            sent(drive(hand, course, socket.send_to(&message(number), *address)))
        },
    ),
    (
        &["udp::UdpSocket::send_to"],
        |hand, socket, address, number, course| {
            let _slow = Slow::enter();
            let text = message(number);
            sent(drive(hand, course, socket.send_to(&text, (SLOW, address.port()))))
        },
    ),
    (
        &["udp::UdpSocket::poll_send_to"],
        |hand, socket, address, number, course| {
            let text = message(number);
            let send = poll_fn(|cx| socket.poll_send_to(cx, &text, *address));
            sent(drive(hand, course, send))
        },
    ),
];

fn one(message: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    message.into_iter().collect()
}

/// What was seen, received.
fn taken(hand: &mut Hand, socket: &Socket, seen: usize) -> Vec<u8> {
    let mut buffer = [0; 64];
    assert_eq!(hand.finish(socket.recv(&mut buffer)).unwrap(), seen);
    buffer[..seen].to_vec()
}

fn tried(socket: &Socket) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    let length = socket.try_recv(&mut buffer).ok()?;
    Some(buffer[..length].to_vec())
}

fn receive_by_others(socket: &Socket, buffer: &mut [u8]) -> std::io::Result<usize> {
    use std::io::Read;
    (&*socket2::SockRef::from(&**socket)).read(buffer)
}

/// One message, if any.
fn sent(outcome: Option<std::io::Result<usize>>) -> usize {
    outcome.map_or(0, |length| {
        assert_eq!(length.unwrap(), message(0).len());
        1
    })
}

pub(crate) fn operations() -> Vec<&'static str> {
    let received = [named(&RECEIVING), named(&BATCHES)].concat();
    let sent = [named(&SENDING), named(&SENDING_TO), named(&SEGMENTS)].concat();
    [received, sent].concat()
}

fn bound() -> net::UdpSocket {
    net::UdpSocket::bind("127.0.0.1:0").unwrap()
}

fn none_is_lost(rows: &[Row<Receiving<Socket>>]) {
    messages::nothing_is_lost(rows, |_| {
        let (socket, sender) = (bound(), bound());
        sender.connect(socket.local_addr().unwrap()).unwrap();
        let send = move |message: &[u8]| assert_eq!(sender.send(message).unwrap(), message.len());
        (Arc::new(UdpSocket::from_std(socket).unwrap()), send)
    });
}

fn none_is_lost_or_sent_twice(rows: &[Row<Sending<Socket, SocketAddr>>], connected: bool) {
    messages::nothing_is_lost_or_sent_twice(rows, |_| {
        let (socket, receiver) = (bound(), bound());
        let address = receiver.local_addr().unwrap();
        if connected {
            socket.connect(address).unwrap();
        }
        receiver.set_nonblocking(true).unwrap();
        let receive = move || {
            let mut buffer = [0; 64];
            let length = receiver.recv(&mut buffer).ok()?;
            Some(buffer[..length].to_vec())
        };
        (Arc::new(UdpSocket::from_std(socket).unwrap()), address, receive)
    });
}

#[test]
fn no_message_is_lost_by_dropping_what_receives() {
    none_is_lost(&RECEIVING);
}

#[test]
fn no_message_of_a_batch_is_lost_by_dropping_what_receives() {
    none_is_lost(&BATCHES);
}

#[test]
fn no_message_is_lost_or_sent_twice_by_dropping_what_sends() {
    none_is_lost_or_sent_twice(&SENDING, true);
    none_is_lost_or_sent_twice(&SENDING_TO, false);
}

#[test]
fn no_segment_is_lost_or_sent_twice_by_dropping_what_sends() {
    none_is_lost_or_sent_twice(&SEGMENTS, true);
}
