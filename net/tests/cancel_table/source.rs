//! Descriptors of others' types: a stream of std's here.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use reveille_net::source::Source;
use reveille_reactor::Interest;

use crate::bytes::{self, Giving, Taking};
use crate::course::{Row, drive, named};
use crate::hand::Hand;

const TAKING: [Row<Taking<Source<UnixStream>>>; 4] = [
    (&["source::Source::read_with"], |hand, source, course| {
        let mut buffer = [0; 5];
        let read = drive(
            hand,
            course,
            source.read_with(|mut inner| inner.read(&mut buffer)),
        );
        read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
    }),
    (&["source::Source::poll_read_with"], |hand, source, course| {
        let mut buffer = [0; 5];
        let read = poll_fn(|cx| source.poll_read_with(cx, |mut inner| inner.read(&mut buffer)));
        let read = drive(hand, course, read);
        read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
    }),
    (&["source::Source::readable"], |hand, source, course| {
        let mut buffer = [0; 5];
        drive(hand, course, source.readable()).map_or_else(Vec::new, |guard| {
            let read = guard.unwrap().try_io(|mut inner| inner.read(&mut buffer));
            read.map_or_else(|_| Vec::new(), |length| buffer[..length.unwrap()].to_vec())
        })
    }),
    // A guard that is dropped without being tried takes nothing, and the readiness stays.
    (&["source::Source::ready"], |hand, source, course| {
        let mut buffer = [0; 5];
        let Some(guard) = drive(hand, course, source.ready(Interest::READABLE)) else {
            return Vec::new();
        };
        drop(guard);
        let guard = drive(hand, &[crate::course::Budget::Left], source.readable()).unwrap();
        let read = guard.unwrap().try_io(|mut inner| inner.read(&mut buffer));
        read.map_or_else(|_| Vec::new(), |length| buffer[..length.unwrap()].to_vec())
    }),
];

const GIVING: [Row<Giving<Source<UnixStream>>>; 4] = [
    (&["source::Source::write_with"], |hand, source, bytes, course| {
        let write = source.write_with(|mut inner| inner.write(bytes));
        drive(hand, course, write).map_or(0, Result::unwrap)
    }),
    (
        &["source::Source::poll_write_with"],
        |hand, source, bytes, course| {
            let write = poll_fn(|cx| source.poll_write_with(cx, |mut inner| inner.write(bytes)));
            drive(hand, course, write).map_or(0, Result::unwrap)
        },
    ),
    (&["source::Source::writable"], |hand, source, bytes, course| {
        drive(hand, course, source.writable()).map_or(0, |guard| {
            let written = guard.unwrap().try_io(|mut inner| inner.write(bytes));
            written.map_or(0, Result::unwrap)
        })
    }),
    (&["source::Source::ready"], |hand, source, bytes, course| {
        drive(hand, course, source.ready(Interest::WRITABLE)).map_or(0, |guard| {
            let written = guard.unwrap().try_io(|mut inner| inner.write(bytes));
            written.map_or(0, Result::unwrap)
        })
    }),
];

pub(crate) fn operations() -> Vec<&'static str> {
    [named(&TAKING), named(&GIVING)].concat()
}

/// A source, and the peer of what is in it, which does not block.
fn pair(_: &mut Hand) -> (Source<UnixStream>, UnixStream) {
    let (inner, peer) = UnixStream::pair().unwrap();
    peer.set_nonblocking(true).unwrap();
    (Source::new(inner).unwrap(), peer)
}

#[test]
fn nothing_is_lost_by_dropping_what_reads() {
    bytes::nothing_is_lost(&TAKING, pair);
}

#[test]
fn nothing_is_lost_or_sent_twice_by_dropping_what_writes() {
    bytes::nothing_is_lost_or_sent_twice(&GIVING, pair);
}
