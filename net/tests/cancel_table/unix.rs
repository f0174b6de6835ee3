//! Unix streams and their halves.

use std::future::poll_fn;
use std::io::Read;
use std::os::unix::net;

use reveille_net::UnixStream;
use reveille_net::unix::{OwnedReadHalf, OwnedWriteHalf};
use reveille_reactor::Interest;
use socket2::SockRef;

use crate::bytes::{self, Giving, Taking};
use crate::course::{Row, drive, named};
use crate::hand::Hand;

fn taking() -> Vec<Row<Taking<UnixStream>>> {
    let mut rows = bytes::taking!("unix::UnixStream", stream: UnixStream => &*stream);
    rows.push(bytes::peeking!("unix::UnixStream", stream: UnixStream => &*stream));
    rows.push(bytes::poll_peeking!("unix::UnixStream", stream: UnixStream => &*stream));
    let more: [Row<Taking<UnixStream>>; 3] = [
        (&["unix::UnixStream::async_io"], |hand, stream, course| {
            let (std, mut buffer) = (SockRef::from(&*stream), [0; 5]);
            let read = stream.async_io(Interest::READABLE, || (&*std).read(&mut buffer));
            let read = drive(hand, course, read);
            read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
        }),
        (&["unix::UnixStream::poll_read_ready"], |hand, stream, course| {
            let mut buffer = [0; 5];
            let ready = drive(hand, course, poll_fn(|cx| stream.poll_read_ready(cx)));
            ready.map_or_else(Vec::new, |ready| {
                ready.unwrap();
                let length = stream.try_read(&mut buffer).unwrap_or(0);
                buffer[..length].to_vec()
            })
        }),
        (&["unix::UnixStream::recv_with_fds"], |hand, stream, course| {
            let mut buffer = [0; 5];
            let read = drive(hand, course, stream.recv_with_fds(&mut buffer, 1));
            read.map_or_else(Vec::new, |read| buffer[..read.unwrap().0].to_vec())
        }),
    ];
    rows.extend(more);
    rows.push(bytes::poll_reading!(stream: UnixStream));
    rows.extend(bytes::taking!("unix::ReadHalf", stream: UnixStream => stream.split().0));
    rows.push(bytes::peeking!("unix::ReadHalf", stream: UnixStream => stream.split().0));
    rows
}

fn giving() -> Vec<Row<Giving<UnixStream>>> {
    let mut rows = bytes::giving!("unix::UnixStream", stream: UnixStream => &*stream);
    let more: [Row<Giving<UnixStream>>; 3] = [
        (&["unix::UnixStream::async_io"], |hand, stream, bytes, course| {
            let std = SockRef::from(&*stream);
            let write = stream.async_io(Interest::WRITABLE, || std.send(bytes));
            drive(hand, course, write).map_or(0, Result::unwrap)
        }),
        (
            &["unix::UnixStream::poll_write_ready"],
            |hand, stream, bytes, course| {
                let ready = drive(hand, course, poll_fn(|cx| stream.poll_write_ready(cx)));
                ready.map_or(0, |ready| {
                    ready.unwrap();
                    stream.try_write(bytes).unwrap_or(0)
                })
            },
        ),
        (
            &["unix::UnixStream::send_with_fds"],
            |hand, stream, bytes, course| {
                drive(hand, course, stream.send_with_fds(bytes, &[])).map_or(0, Result::unwrap)
            },
        ),
    ];
    rows.extend(more);
    rows.push(bytes::poll_writing!(stream: UnixStream));
    rows.extend(bytes::giving!("unix::WriteHalf", stream: UnixStream => stream.split().1));
    rows
}

fn taking_owned() -> Vec<Row<Taking<OwnedReadHalf>>> {
    let mut rows = bytes::taking!("unix::OwnedReadHalf", half: OwnedReadHalf => &*half);
    rows.push(bytes::peeking!("unix::OwnedReadHalf", half: OwnedReadHalf => &*half));
    rows.push(bytes::poll_reading!(half: OwnedReadHalf));
    rows
}

fn giving_owned() -> Vec<Row<Giving<OwnedWriteHalf>>> {
    let mut rows = bytes::giving!("unix::OwnedWriteHalf", half: OwnedWriteHalf => &*half);
    rows.push(bytes::poll_writing!(half: OwnedWriteHalf));
    rows
}

pub(crate) fn operations() -> Vec<&'static str> {
    let streams = [named(&taking()), named(&giving())].concat();
    [streams, named(&taking_owned()), named(&giving_owned())].concat()
}

/// A stream, and its peer, which does not block.
fn pair(_: &mut Hand) -> (UnixStream, net::UnixStream) {
    let (stream, peer) = net::UnixStream::pair().unwrap();
    peer.set_nonblocking(true).unwrap();
    (UnixStream::from_std(stream).unwrap(), peer)
}

#[test]
fn nothing_is_lost_by_dropping_what_reads() {
    bytes::nothing_is_lost(&taking(), pair);
    bytes::nothing_is_lost(&taking_owned(), |hand| {
        let (stream, peer) = pair(hand);
        (stream.into_split().0, peer)
    });
}

#[test]
fn nothing_is_lost_or_sent_twice_by_dropping_what_writes() {
    bytes::nothing_is_lost_or_sent_twice(&giving(), pair);
    bytes::nothing_is_lost_or_sent_twice(&giving_owned(), |hand| {
        let (stream, peer) = pair(hand);
        (stream.into_split().1, peer)
    });
}
