//! The halves of TCP streams.

use reveille_net::TcpStream;
use reveille_net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::bytes::{self, Giving, Taking};
use crate::course::{Row, named};
use crate::hand::Hand;
use crate::tcp::narrow;

/// Split anew for each use.
fn taking_borrowed() -> Vec<Row<Taking<TcpStream>>> {
    let mut rows = bytes::taking!("tcp::ReadHalf", stream: TcpStream => stream.split().0);
    rows.push(bytes::peeking!("tcp::ReadHalf", stream: TcpStream => stream.split().0));
    rows.push(bytes::poll_peeking!("tcp::ReadHalf", stream: TcpStream => stream.split().0));
    rows
}

fn giving_borrowed() -> Vec<Row<Giving<TcpStream>>> {
    bytes::giving!("tcp::WriteHalf", stream: TcpStream => stream.split().1)
}

fn taking_owned() -> Vec<Row<Taking<OwnedReadHalf>>> {
    let mut rows = bytes::taking!("tcp::OwnedReadHalf", half: OwnedReadHalf => &*half);
    rows.push(bytes::peeking!("tcp::OwnedReadHalf", half: OwnedReadHalf => &*half));
    rows.push(bytes::poll_peeking!("tcp::OwnedReadHalf", half: OwnedReadHalf => &*half));
    rows.push(bytes::poll_reading!(half: OwnedReadHalf));
    rows
}

fn giving_owned() -> Vec<Row<Giving<OwnedWriteHalf>>> {
    let mut rows = bytes::giving!("tcp::OwnedWriteHalf", half: OwnedWriteHalf => &*half);
    rows.push(bytes::poll_writing!(half: OwnedWriteHalf));
    rows
}

pub(crate) fn operations() -> Vec<&'static str> {
    let borrowed = [named(&taking_borrowed()), named(&giving_borrowed())].concat();
    [borrowed, named(&taking_owned()), named(&giving_owned())].concat()
}

#[test]
fn nothing_is_lost_by_dropping_what_a_half_reads() {
    bytes::nothing_is_lost(&taking_borrowed(), Hand::pair);
    bytes::nothing_is_lost(&taking_owned(), |hand| {
        let (stream, peer) = hand.pair();
        (stream.into_split().0, peer)
    });
}

#[test]
fn nothing_is_lost_or_sent_twice_by_dropping_what_a_half_writes() {
    bytes::nothing_is_lost_or_sent_twice(&giving_borrowed(), narrow);
    bytes::nothing_is_lost_or_sent_twice(&giving_owned(), |hand| {
        let (stream, peer) = narrow(hand);
        (stream.into_split().1, peer)
    });
}
