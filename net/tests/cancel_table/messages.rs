//! Sockets for messages: none is lost, and none is sent twice.

use std::time::{Duration, Instant};

use crate::course::{COURSES, Course, Row};
use crate::hand::Hand;

/// Receives messages: those that whoever follows the documentation knows of.
pub(crate) type Receiving<S> = fn(&mut Hand, &mut S, Course) -> Vec<Vec<u8>>;

/// Sends the message of that number, and perhaps those behind it, to the socket at the address: how many were sent.
pub(crate) type Sending<S, A> = fn(&mut Hand, &mut S, &A, usize, Course) -> usize;

/// Of each row as many come.
const MESSAGES: usize = 300;

/// All are of one length.
pub(crate) fn message(number: usize) -> Vec<u8> {
    format!("{number:08}").into_bytes()
}

/// Makes a socket for each row, and what sends it messages, which come in their order.
pub(crate) fn nothing_is_lost<S, P: FnMut(&[u8])>(
    rows: &[Row<Receiving<S>>],
    mut make: impl FnMut(&mut Hand) -> (S, P),
) {
    for (name, receive) in rows {
        let mut hand = Hand::new();
        let (mut socket, mut send) = make(&mut hand);
        let (mut sent, mut received, mut nothing) = (0, 0, 0);
        for round in 0usize.. {
            assert!(
                round < 100_000,
                "watchdog: {name:?}: {received} of {sent} messages"
            );
            if received == MESSAGES {
                break;
            }
            // A few at a time: the system drops what it has no room for, or does not take it.
            if round % 5 == 0 && sent < MESSAGES && sent - received < 5 {
                for _ in 0..3 {
                    send(&message(sent));
                    sent += 1;
                }
            }
            let course = COURSES[round % COURSES.len()];
            let came = receive(&mut hand, &mut socket, course);
            nothing += usize::from(came.is_empty() && !course.is_empty());
            for text in came {
                assert_eq!(text, message(received), "{name:?}");
                received += 1;
            }
        }
        assert!(nothing > 0, "{name:?} was never dropped early");
        assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
    }
}

/// Makes a socket for each row, the address of another one, and what takes a message from that if there is one.
pub(crate) fn nothing_is_lost_or_sent_twice<S, A, P: FnMut() -> Option<Vec<u8>>>(
    rows: &[Row<Sending<S, A>>],
    mut make: impl FnMut(&mut Hand) -> (S, A, P),
) {
    for (name, send) in rows {
        let mut hand = Hand::new();
        let (mut socket, address, mut receive) = make(&mut hand);
        let (mut sent, mut received, mut nothing) = (0, 0, 0);
        let patience = Instant::now() + Duration::from_secs(20);
        for round in 0usize.. {
            assert!(
                Instant::now() < patience,
                "watchdog: {name:?}: {received} of {sent} messages"
            );
            if received >= MESSAGES {
                break;
            }
            if sent < MESSAGES {
                let course = COURSES[round % COURSES.len()];
                let now = send(&mut hand, &mut socket, &address, sent, course);
                nothing += usize::from(now == 0 && !course.is_empty());
                sent += now;
            }
            // Rarely enough for the queue of a Unix socket to be full in between.
            if round % 32 == 31 {
                while let Some(text) = receive() {
                    assert_eq!(text, message(received), "{name:?}");
                    received += 1;
                }
            }
        }
        assert_eq!((receive(), received), (None, sent), "{name:?}");
        assert!(nothing > 0, "{name:?} was never dropped early");
        assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
    }
}
