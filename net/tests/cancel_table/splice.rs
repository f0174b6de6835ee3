//! Splicing: what was delivered is counted, and of the rest no more is lost than what it says that it holds.

use std::io::{Read, Write};
use std::os::unix::net;

use reveille_net::{UnixStream, splice};

use crate::bytes::pattern;
use crate::course::{COURSES, drive};
use crate::hand::Hand;

pub(crate) fn operations() -> Vec<&'static str> {
    vec!["splice::splice"]
}

/// Ours, and the peer, which does not block.
fn pair() -> (UnixStream, net::UnixStream) {
    let (ours, peer) = net::UnixStream::pair().unwrap();
    peer.set_nonblocking(true).unwrap();
    (UnixStream::from_std(ours).unwrap(), peer)
}

#[test]
fn dropping_it_loses_what_it_holds_and_no_more() {
    let mut hand = Hand::new();
    let ((from, mut source), (to, mut target)) = (pair(), pair());
    let sent = pattern(4 << 20);
    let (mut written, mut taken, mut expected, mut received) = (0, 0, Vec::new(), Vec::new());
    let (mut early, mut lost) = (0, 0);
    let mut buffer = vec![0; 48 << 10];
    for round in 0usize.. {
        assert!(
            round < 100_000,
            "watchdog: {taken} of {} bytes were taken",
            sent.len()
        );
        while let Ok(length) = source.write(&sent[written..]) {
            written += length;
            if length == 0 {
                break;
            }
        }
        let course = COURSES[round % COURSES.len()];
        let mut splice = splice(&from, &to);
        assert!(
            drive(&mut hand, course, &mut splice).is_none(),
            "there is no end to be met"
        );
        let (delivered, held) = (splice.delivered() as usize, splice.held());
        drop(splice);
        expected.extend_from_slice(&sent[taken..taken + delivered]);
        taken += delivered + held;
        early += usize::from(delivered > 0 && held == 0);
        lost += held;
        // Less than comes: `to` is full at times.
        if round % 4 == 3 {
            if let Ok(length) = target.read(&mut buffer) {
                received.extend_from_slice(&buffer[..length]);
            }
        }
        hand.settle();
        if taken == sent.len() && received.len() == expected.len() {
            break;
        }
    }
    assert!(received == expected, "other bytes");
    assert!(
        early > 0 && lost > 0,
        "{early} times nothing was held; {lost} bytes were lost"
    );
    assert!(hand.handle().waits().is_empty(), "it left a waker behind");
}

#[test]
fn to_stop_waiting_for_a_while_loses_nothing() {
    let mut hand = Hand::new();
    let ((from, mut source), (to, mut target)) = (pair(), pair());
    let sent = pattern(4 << 20);
    let (mut written, mut received, mut finished) = (0, Vec::new(), None);
    let mut source_or_closed = Some(&mut source);
    let mut buffer = vec![0; 48 << 10];
    let mut splice = splice(&from, &to);
    for round in 0usize.. {
        assert!(
            round < 100_000,
            "watchdog: {} of {} bytes came",
            received.len(),
            sent.len()
        );
        if let Some(source) = &mut source_or_closed {
            written += source.write(&sent[written..]).unwrap_or(0);
            if written == sent.len() {
                source.shutdown(std::net::Shutdown::Write).unwrap();
                source_or_closed = None;
            }
        }
        if finished.is_none() {
            finished = drive(&mut hand, COURSES[round % COURSES.len()], &mut splice);
        }
        if let Ok(length) = target.read(&mut buffer) {
            received.extend_from_slice(&buffer[..length]);
        }
        hand.settle();
        if finished.is_some() && received.len() == sent.len() {
            break;
        }
    }
    assert_eq!(finished.unwrap().unwrap(), sent.len() as u64);
    assert!(received == sent, "other bytes");
}
