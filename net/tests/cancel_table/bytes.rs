//! Streams of bytes: none is lost, and none is sent twice.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::course::{COURSES, Course, Row};
use crate::hand::Hand;

/// Takes bytes from the stream: those that whoever follows the documentation knows of.
pub(crate) type Taking<S> = fn(&mut Hand, &mut S, Course) -> Vec<u8>;

/// Gives bytes to the stream: how many of them whoever follows the documentation counts.
pub(crate) type Giving<S> = fn(&mut Hand, &mut S, &[u8], Course) -> usize;

/// What everything that reads has. `$reader` is made of the stream for each use.
macro_rules! taking {
    ($name:literal, $stream:ident: $subject:ty => $reader:expr) => {{
        let rows: [crate::course::Row<crate::bytes::Taking<$subject>>; 4] = [
            (&[concat!($name, "::read")], |hand, $stream, course| {
                let (reader, mut buffer) = ($reader, [0; 5]);
                let read = crate::course::drive(hand, course, reader.read(&mut buffer));
                read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
            }),
            (&[concat!($name, "::read_exact")], |hand, $stream, course| {
                let (reader, mut buffer) = ($reader, [0; 16]);
                let mut read = reader.read_exact(&mut buffer);
                let finished = crate::course::drive(hand, course, &mut read);
                let filled = read.filled();
                drop(read);
                if let Some(length) = finished {
                    assert_eq!((length.unwrap(), filled), (16, 16));
                }
                buffer[..filled].to_vec()
            }),
            (&[concat!($name, "::readable")], |hand, $stream, course| {
                let (reader, mut buffer) = ($reader, [0; 5]);
                crate::course::drive(hand, course, reader.readable()).map_or_else(Vec::new, |ready| {
                    ready.unwrap();
                    let length = reader.try_read(&mut buffer).unwrap_or(0);
                    buffer[..length].to_vec()
                })
            }),
            (&[concat!($name, "::ready")], |hand, $stream, course| {
                let (reader, mut buffer) = ($reader, [0; 5]);
                let ready = reader.ready(reveille_reactor::Interest::READABLE);
                crate::course::drive(hand, course, ready).map_or_else(Vec::new, |ready| {
                    assert!(ready.unwrap().is_readable());
                    let length = reader.try_read(&mut buffer).unwrap_or(0);
                    buffer[..length].to_vec()
                })
            }),
        ];
        rows.to_vec()
    }};
}

/// Peeking, and reading what was seen.
macro_rules! peeking {
    ($name:literal, $stream:ident: $subject:ty => $reader:expr) => {{
        let row: crate::course::Row<crate::bytes::Taking<$subject>> =
            (&[concat!($name, "::peek")], |hand, $stream, course| {
                let (reader, mut buffer) = ($reader, [0; 5]);
                let seen = crate::course::drive(hand, course, reader.peek(&mut buffer));
                let Some(seen) = seen else { return Vec::new() };
                let mut again = [0; 5];
                let read = hand.finish(reader.read(&mut again[..seen.unwrap()])).unwrap();
                assert_eq!(buffer[..read], again[..read]);
                again[..read].to_vec()
            });
        row
    }};
}

/// As [`peeking`], with the form to poll.
macro_rules! poll_peeking {
    ($name:literal, $stream:ident: $subject:ty => $reader:expr) => {{
        let row: crate::course::Row<crate::bytes::Taking<$subject>> =
            (&[concat!($name, "::poll_peek")], |hand, $stream, course| {
                let (reader, mut buffer) = ($reader, [0; 5]);
                let peek = std::future::poll_fn(|cx| reader.poll_peek(cx, &mut buffer));
                let Some(seen) = crate::course::drive(hand, course, peek) else {
                    return Vec::new();
                };
                let mut again = [0; 5];
                let read = hand.finish(reader.read(&mut again[..seen.unwrap()])).unwrap();
                assert_eq!(buffer[..read], again[..read]);
                again[..read].to_vec()
            });
        row
    }};
}

/// What everything that writes has.
macro_rules! giving {
    ($name:literal, $stream:ident: $subject:ty => $writer:expr) => {{
        let rows: [crate::course::Row<crate::bytes::Giving<$subject>>; 4] = [
            (&[concat!($name, "::write")], |hand, $stream, bytes, course| {
                let writer = $writer;
                crate::course::drive(hand, course, writer.write(bytes)).map_or(0, Result::unwrap)
            }),
            (
                &[concat!($name, "::write_all")],
                |hand, $stream, bytes, course| {
                    let writer = $writer;
                    let mut write = writer.write_all(bytes);
                    let finished = crate::course::drive(hand, course, &mut write);
                    if let Some(outcome) = finished {
                        outcome.unwrap();
                        assert_eq!(write.written(), bytes.len());
                    }
                    write.written()
                },
            ),
            (&[concat!($name, "::writable")], |hand, $stream, bytes, course| {
                let writer = $writer;
                crate::course::drive(hand, course, writer.writable()).map_or(0, |ready| {
                    ready.unwrap();
                    writer.try_write(bytes).unwrap_or(0)
                })
            }),
            (&[concat!($name, "::ready")], |hand, $stream, bytes, course| {
                let writer = $writer;
                let ready = writer.ready(reveille_reactor::Interest::WRITABLE);
                crate::course::drive(hand, course, ready).map_or(0, |ready| {
                    assert!(ready.unwrap().is_writable());
                    writer.try_write(bytes).unwrap_or(0)
                })
            }),
        ];
        rows.to_vec()
    }};
}

/// `AsyncRead`, which is no method of the stream's own.
macro_rules! poll_reading {
    ($stream:ident: $subject:ty) => {{
        let row: crate::course::Row<crate::bytes::Taking<$subject>> = (
            &[concat!("AsyncRead of ", stringify!($subject))],
            |hand, $stream, course| {
                let mut buffer = [0; 5];
                let read = std::future::poll_fn(|cx| {
                    futures_lite::AsyncRead::poll_read(std::pin::Pin::new(&mut *$stream), cx, &mut buffer)
                });
                let read = crate::course::drive(hand, course, read);
                read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
            },
        );
        row
    }};
}

/// `AsyncWrite`.
macro_rules! poll_writing {
    ($stream:ident: $subject:ty) => {{
        let row: crate::course::Row<crate::bytes::Giving<$subject>> = (
            &[concat!("AsyncWrite of ", stringify!($subject))],
            |hand, $stream, bytes, course| {
                let write = std::future::poll_fn(|cx| {
                    futures_lite::AsyncWrite::poll_write(std::pin::Pin::new(&mut *$stream), cx, bytes)
                });
                crate::course::drive(hand, course, write).map_or(0, Result::unwrap)
            },
        );
        row
    }};
}

pub(crate) use {giving, peeking, poll_peeking, poll_reading, poll_writing, taking};

/// No two neighbours are alike, and no period of it divides a power of two.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..251u8).cycle().take(length).collect()
}

/// Makes a stream and its peer, for each row, and takes from the stream whatever the peer writes.
pub(crate) fn nothing_is_lost<S, P: Write>(
    rows: &[Row<Taking<S>>],
    mut make: impl FnMut(&mut Hand) -> (S, P),
) {
    for (name, take) in rows {
        let mut hand = Hand::new();
        let (mut stream, mut peer) = make(&mut hand);
        let sent = pattern(1000);
        let (mut unsent, mut taken, mut empty) = (&sent[..], Vec::new(), 0);
        for round in 0usize.. {
            assert!(
                round < 100_000,
                "watchdog: {name:?}: {} of {} bytes",
                taken.len(),
                sent.len()
            );
            if taken.len() == sent.len() {
                break;
            }
            if round % 3 == 0 {
                let (now, later) = unsent.split_at(unsent.len().min([1, 7, 2, 40][round / 3 % 4]));
                peer.write_all(now).unwrap();
                unsent = later;
            }
            let course = COURSES[round % COURSES.len()];
            let bytes = take(&mut hand, &mut stream, course);
            empty += usize::from(bytes.is_empty() && !course.is_empty());
            taken.extend(bytes);
            // Only what the documentation lets one count on may carry over: no event is left for the next.
            hand.settle();
        }
        assert!(taken == sent, "{name:?}: other bytes");
        assert!(empty > 0, "{name:?} was never dropped early");
        assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
    }
}

/// Makes a stream and its peer, which does not block, for each row; gives the stream more than it has room for, and the
/// peer must read each byte once.
pub(crate) fn nothing_is_lost_or_sent_twice<S, P: Read>(
    rows: &[Row<Giving<S>>],
    mut make: impl FnMut(&mut Hand) -> (S, P),
) {
    for (name, give) in rows {
        let mut hand = Hand::new();
        let (mut stream, mut peer) = make(&mut hand);
        let sent = pattern(2 << 20);
        let (mut given, mut received, mut nothing) = (0, Vec::new(), 0);
        let mut buffer = vec![0; 64 << 10];
        let patience = Instant::now() + Duration::from_secs(20);
        for round in 0usize.. {
            assert!(Instant::now() < patience, "watchdog: {name:?} stands still");
            if given < sent.len() {
                let end = sent.len().min(given + 300_000);
                let course = COURSES[round % COURSES.len()];
                let now = give(&mut hand, &mut stream, &sent[given..end], course);
                nothing += usize::from(now == 0 && !course.is_empty());
                given += now;
            }
            if round % 4 == 3 {
                if let Ok(length) = peer.read(&mut buffer) {
                    received.extend_from_slice(&buffer[..length]);
                }
            }
            if received.len() >= sent.len() {
                break;
            }
        }
        assert!(received == sent, "{name:?}: other bytes");
        assert_eq!(given, sent.len(), "{name:?}");
        assert!(nothing > 0, "{name:?} was never dropped early");
        assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
    }
}
