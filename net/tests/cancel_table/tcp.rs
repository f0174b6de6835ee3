//! TCP streams.

use std::future::poll_fn;
use std::io::Read;
use std::net;

use reveille_net::TcpStream;
use reveille_reactor::Interest;
use socket2::SockRef;

use crate::bytes::{self, Giving, Taking};
use crate::course::{Row, drive, named};
use crate::hand::Hand;

fn taking() -> Vec<Row<Taking<TcpStream>>> {
    let mut rows = bytes::taking!("tcp::TcpStream", stream: TcpStream => &*stream);
    rows.push(bytes::peeking!("tcp::TcpStream", stream: TcpStream => &*stream));
    rows.push(bytes::poll_peeking!("tcp::TcpStream", stream: TcpStream => &*stream));
    let more: [Row<Taking<TcpStream>>; 4] = [
        (&["tcp::TcpStream::async_io"], |hand, stream, course| {
            let (std, mut buffer) = (SockRef::from(&*stream), [0; 5]);
            let read = stream.async_io(Interest::READABLE, || (&*std).read(&mut buffer));
            let read = drive(hand, course, read);
            read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
        }),
        (&["tcp::TcpStream::async_io"], |hand, stream, course| {
            let (std, mut buffer) = (SockRef::from(&*stream), [0; 5]);
            // Ready at once, as there is room to write: its `WouldBlock` must not be the end of the waiting.
            let either = Interest::READABLE | Interest::WRITABLE;
            let read = stream.async_io(either, || (&*std).read(&mut buffer));
            let read = drive(hand, course, read);
            read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
        }),
        (&["tcp::TcpStream::poll_read_ready"], |hand, stream, course| {
            let mut buffer = [0; 5];
            let ready = drive(hand, course, poll_fn(|cx| stream.poll_read_ready(cx)));
            ready.map_or_else(Vec::new, |ready| {
                ready.unwrap();
                let length = stream.try_read(&mut buffer).unwrap_or(0);
                buffer[..length].to_vec()
            })
        }),
        // Nothing that could be dropped.
        (&["try_read"], |_, stream, course| {
            let mut buffer = [0; 5];
            let length = match course {
                [] => 0,
                _ => stream.try_read(&mut buffer).unwrap_or(0),
            };
            buffer[..length].to_vec()
        }),
    ];
    rows.extend(more);
    rows.push(bytes::poll_reading!(stream: TcpStream));
    rows
}

fn giving() -> Vec<Row<Giving<TcpStream>>> {
    let mut rows = bytes::giving!("tcp::TcpStream", stream: TcpStream => &*stream);
    let more: [Row<Giving<TcpStream>>; 2] = [
        (&["tcp::TcpStream::async_io"], |hand, stream, bytes, course| {
            let std = SockRef::from(&*stream);
            let write = stream.async_io(Interest::WRITABLE, || std.send(bytes));
            drive(hand, course, write).map_or(0, Result::unwrap)
        }),
        (
            &["tcp::TcpStream::poll_write_ready"],
            |hand, stream, bytes, course| {
                let ready = drive(hand, course, poll_fn(|cx| stream.poll_write_ready(cx)));
                ready.map_or(0, |ready| {
                    ready.unwrap();
                    stream.try_write(bytes).unwrap_or(0)
                })
            },
        ),
    ];
    rows.extend(more);
    rows.push(bytes::poll_writing!(stream: TcpStream));
    rows
}

pub(crate) fn operations() -> Vec<&'static str> {
    [named(&taking()), named(&giving())].concat()
}

/// A stream with little room, so that writing has to wait, in the middle too; and its peer, which does not block.
pub(crate) fn narrow(hand: &mut Hand) -> (TcpStream, net::TcpStream) {
    let (stream, peer) = hand.pair();
    SockRef::from(&stream).set_send_buffer_size(32 << 10).unwrap();
    SockRef::from(&peer).set_recv_buffer_size(64 << 10).unwrap();
    peer.set_nonblocking(true).unwrap();
    (stream, peer)
}

#[test]
fn nothing_is_lost_by_dropping_what_reads() {
    bytes::nothing_is_lost(&taking(), Hand::pair);
}

#[test]
fn nothing_is_lost_or_sent_twice_by_dropping_what_writes() {
    bytes::nothing_is_lost_or_sent_twice(&giving(), narrow);
}
