//! Descriptors that travel: each arrives once, and none stays open that nobody has.
//!
//! Each is a socket, whose peer reads the end once no copy is open any more: tests of this process may run at the same
//! time, which counting its descriptors would not allow.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net;
use std::task::Poll;

use reveille_net::{UnixDatagram, UnixStream};
use socket2::SockRef;

use crate::course::{COURSES, Course, Row, drive, named};
use crate::hand::{Hand, poll};

/// Receives what came with one message.
type Receiving<S> = fn(&mut Hand, &mut S, Course) -> Option<Vec<OwnedFd>>;

/// Sends a message with one descriptor: whether it was sent.
type Sending<S> = fn(&mut Hand, &mut S, &OwnedFd, Course) -> bool;

/// Of each row as many travel.
const DESCRIPTORS: usize = 100;

macro_rules! receiving {
    ($name:literal, $subject:ty) => {{
        let row: Row<Receiving<$subject>> = (&[concat!($name, "::recv_with_fds")], |hand, socket, course| {
            // One byte: a stream's messages stay apart.
            let received = drive(hand, course, socket.recv_with_fds(&mut [0; 1], 4));
            received.map(|received| received.unwrap().1)
        });
        row
    }};
}

macro_rules! sending {
    ($name:literal, $subject:ty) => {{
        let row: Row<Sending<$subject>> = (
            &[concat!($name, "::send_with_fds")],
            |hand, socket, descriptor, course| {
                let sent = drive(hand, course, socket.send_with_fds(b"x", &[descriptor.as_fd()]));
                sent.map(|length| assert_eq!(length.unwrap(), 1)).is_some()
            },
        );
        row
    }};
}

pub(crate) fn operations() -> Vec<&'static str> {
    let receiving = [
        named(&[receiving!("unix::UnixStream", UnixStream)]),
        named(&[receiving!("unix::UnixDatagram", UnixDatagram)]),
    ];
    let sending = [
        named(&[sending!("unix::UnixStream", UnixStream)]),
        named(&[sending!("unix::UnixDatagram", UnixDatagram)]),
    ];
    [receiving.concat(), sending.concat()].concat()
}

/// A socket that is to travel, and its peer, which knows how many have it.
fn traveller() -> (OwnedFd, net::UnixStream) {
    let (descriptor, witness) = net::UnixStream::pair().unwrap();
    witness.set_nonblocking(true).unwrap();
    (descriptor.into(), witness)
}

/// Those of the descriptor say what number it has; then there are no more.
fn arrived(number: usize, descriptor: OwnedFd, mut witness: &net::UnixStream) {
    let mut arrived = net::UnixStream::from(descriptor);
    arrived.write_all(&[number as u8]).unwrap();
    drop(arrived);
    let mut said = [0; 2];
    let length = witness.read(&mut said).unwrap();
    assert_eq!(said[..length], [number as u8], "another descriptor arrived");
    let end = witness.read(&mut said);
    assert!(
        matches!(end, Ok(0)),
        "a copy of descriptor {number} is open still: {end:?}"
    );
}

fn none_is_lost<S: Carry>(row: Row<Receiving<S>>) {
    let (name, receive) = row;
    let mut hand = Hand::new();
    let (mut socket, peer) = S::pair_with_little_room();
    let (mut witnesses, mut received, mut nothing) = (Vec::new(), 0, 0);
    for round in 0usize.. {
        assert!(round < 10_000, "watchdog: {name:?}: {received} descriptors");
        if received == DESCRIPTORS {
            break;
        }
        if round % 3 == 0 && witnesses.len() < DESCRIPTORS {
            let (descriptor, witness) = traveller();
            assert!(peer.send(&mut hand, &descriptor));
            witnesses.push(witness);
        }
        let course = COURSES[round % COURSES.len()];
        let Some(descriptors) = receive(&mut hand, &mut socket, course) else {
            nothing += usize::from(!course.is_empty());
            continue;
        };
        assert_eq!(descriptors.len(), 1, "{name:?}");
        for descriptor in descriptors {
            arrived(received, descriptor, &witnesses[received]);
            received += 1;
        }
        hand.settle();
    }
    assert!(nothing > 0, "{name:?} was never dropped early");
    assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
}

fn none_is_lost_or_sent_twice<S: Carry>(row: Row<Sending<S>>) {
    let (name, send) = row;
    let mut hand = Hand::new();
    let (mut socket, peer) = S::pair_with_little_room();
    let (mut witnesses, mut received, mut nothing) = (Vec::new(), 0, 0);
    let mut next = Some(traveller());
    for round in 0usize.. {
        assert!(round < 10_000, "watchdog: {name:?}: {received} descriptors");
        if received == DESCRIPTORS {
            break;
        }
        if let Some((descriptor, witness)) = next.take() {
            let course = COURSES[round % COURSES.len()];
            if send(&mut hand, &mut socket, &descriptor, course) {
                witnesses.push(witness);
                next = (witnesses.len() < DESCRIPTORS).then(traveller);
            } else {
                nothing += usize::from(!course.is_empty());
                next = Some((descriptor, witness));
            }
        }
        // Rarely enough for it to have to wait.
        if round % 64 == 63 {
            while let Some(descriptors) = peer.receive() {
                assert_eq!(descriptors.len(), 1, "{name:?}");
                for descriptor in descriptors {
                    arrived(received, descriptor, &witnesses[received]);
                    received += 1;
                }
            }
        }
    }
    assert!(peer.receive().is_none(), "{name:?}: more came than were sent");
    assert!(nothing > DESCRIPTORS, "{name:?} had to wait only {nothing} times");
    assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
}

/// The other side of what is tested.
trait Carry: Sized {
    fn pair_with_little_room() -> (Self, Self);

    /// Sends one that there is room for.
    fn send(&self, hand: &mut Hand, descriptor: &OwnedFd) -> bool;

    /// What came with a message, if there is one.
    fn receive(&self) -> Option<Vec<OwnedFd>>;
}

macro_rules! carry {
    ($subject:ty) => {
        impl Carry for $subject {
            fn pair_with_little_room() -> (Self, Self) {
                let (here, there) = <$subject>::pair().unwrap();
                SockRef::from(&here).set_send_buffer_size(1).unwrap();
                (here, there)
            }

            fn send(&self, hand: &mut Hand, descriptor: &OwnedFd) -> bool {
                matches!(
                    hand.finish(self.send_with_fds(b"x", &[descriptor.as_fd()])),
                    Ok(1)
                )
            }

            fn receive(&self) -> Option<Vec<OwnedFd>> {
                match poll(&mut self.recv_with_fds(&mut [0; 1], 4)) {
                    Poll::Ready(received) => Some(received.unwrap().1),
                    Poll::Pending => None,
                }
            }
        }
    };
}

carry!(UnixStream);
carry!(UnixDatagram);

#[test]
fn no_descriptor_is_lost_by_dropping_what_receives() {
    none_is_lost(receiving!("unix::UnixStream", UnixStream));
    none_is_lost(receiving!("unix::UnixDatagram", UnixDatagram));
}

#[test]
fn no_descriptor_is_lost_or_sent_twice_by_dropping_what_sends() {
    none_is_lost_or_sent_twice(sending!("unix::UnixStream", UnixStream));
    none_is_lost_or_sent_twice(sending!("unix::UnixDatagram", UnixDatagram));
}

/// Takes the next message, with no room for what came with it: whether there was one.
type Leaving<S> = fn(&mut Hand, &mut S, Course) -> bool;

const LEAVING_STREAM: [Row<Leaving<UnixStream>>; 3] = [
    (&["unix::UnixStream::read"], |hand, stream, course| {
        let read = drive(hand, course, stream.read(&mut [0; 1]));
        read.map(|length| assert_eq!(length.unwrap(), 1)).is_some()
    }),
    (&["unix::UnixStream::read_exact"], |hand, stream, course| {
        let read = drive(hand, course, stream.read_exact(&mut [0; 1]));
        read.map(|length| assert_eq!(length.unwrap(), 1)).is_some()
    }),
    // What was seen has taken no descriptor along, nor closed one that is still on its way.
    (&["unix::UnixStream::peek"], |hand, stream, course| {
        let seen = drive(hand, course, stream.peek(&mut [0; 1]));
        seen.map(|length| assert_eq!(length.unwrap(), 1))
            .is_some_and(|()| {
                let received = hand.finish(stream.recv_with_fds(&mut [0; 1], 1)).unwrap().1;
                assert_eq!(received.len(), 1);
                true
            })
    }),
];

const LEAVING_DATAGRAM: [Row<Leaving<UnixDatagram>>; 4] = [
    (&["unix::UnixDatagram::recv"], |hand, socket, course| {
        let received = drive(hand, course, socket.recv(&mut [0; 1]));
        received.map(|length| assert_eq!(length.unwrap(), 1)).is_some()
    }),
    (&["unix::UnixDatagram::recv_from"], |hand, socket, course| {
        let received = drive(hand, course, socket.recv_from(&mut [0; 1]));
        received
            .map(|received| assert_eq!(received.unwrap().0, 1))
            .is_some()
    }),
    (&["unix::UnixDatagram::recv_msg"], |hand, socket, course| {
        let received = drive(hand, course, socket.recv_msg(&mut [0; 1]));
        received
            .map(|received| assert_eq!(received.unwrap().length, 1))
            .is_some()
    }),
    (&["unix::UnixDatagram::peek_from"], |hand, socket, course| {
        let seen = drive(hand, course, socket.peek_from(&mut [0; 1]));
        seen.map(|seen| assert_eq!(seen.unwrap().0, 1)).is_some_and(|()| {
            let received = hand.finish(socket.recv_with_fds(&mut [0; 1], 1)).unwrap().1;
            assert_eq!(received.len(), 1);
            true
        })
    }),
];

fn none_stays_open<S: Carry>(rows: &[Row<Leaving<S>>]) {
    for (name, take) in rows {
        let mut hand = Hand::new();
        let (mut socket, peer) = S::pair_with_little_room();
        let (mut witnesses, mut taken) = (Vec::new(), 0);
        for round in 0usize.. {
            assert!(round < 10_000, "watchdog: {name:?}: {taken} messages");
            if taken == DESCRIPTORS {
                break;
            }
            if round % 3 == 0 && witnesses.len() < DESCRIPTORS {
                let (descriptor, witness) = traveller();
                assert!(peer.send(&mut hand, &descriptor));
                witnesses.push(witness);
            }
            if take(&mut hand, &mut socket, COURSES[round % COURSES.len()]) {
                let end = (&witnesses[taken]).read(&mut [0; 1]);
                assert!(
                    matches!(end, Ok(0)),
                    "{name:?}: descriptor {taken} is open still: {end:?}"
                );
                taken += 1;
            }
            for mut witness in &witnesses[taken..] {
                let open = witness.read(&mut [0; 1]);
                assert!(open.is_err(), "{name:?}: one that nobody has taken was closed");
            }
            hand.settle();
        }
    }
}

#[test]
fn no_descriptor_stays_open_that_there_was_no_room_for() {
    none_stays_open(&LEAVING_STREAM);
    none_stays_open(&LEAVING_DATAGRAM);
}
