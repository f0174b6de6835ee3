//! Who sees what when something is closed: each row of the table in the documentation of `tcp`.

mod hand;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::Poll;

use futures_lite::AsyncWrite;
use reveille_net::TcpStream;

use hand::{Hand, context, is_closed_for_writing, poll};

/// Both ends of a connection, both registered.
fn both(hand: &mut Hand) -> (TcpStream, TcpStream) {
    let (here, peer) = hand.pair();
    let peer = TcpStream::from_std(peer).unwrap();
    hand.register(&peer);
    (here, peer)
}

fn write(hand: &mut Hand, stream: &TcpStream) {
    hand.finish(stream.write_all(b"words")).unwrap();
}

fn reads_words(hand: &mut Hand, stream: &TcpStream) {
    let mut buffer = [0; 5];
    hand.finish(stream.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"words");
}

fn reads_the_end(hand: &mut Hand, stream: &TcpStream) {
    for _ in 0..2 {
        assert_eq!(hand.finish(stream.read(&mut [0; 8])).unwrap(), 0);
    }
}

fn cannot_write(hand: &mut Hand, stream: &TcpStream) {
    let error = hand.finish(stream.write(b"more")).unwrap_err();
    assert!(is_closed_for_writing(&error), "{error}");
}

/// From one to the other, which waits for it.
fn goes_on(hand: &mut Hand, from: &TcpStream, to: &TcpStream) {
    assert!(poll(&mut to.read(&mut [0; 8])).is_pending());
    write(hand, from);
    reads_words(hand, to);
}

/// Nobody closed it: there is nothing to read.
fn has_no_end(hand: &mut Hand, stream: &TcpStream) {
    hand.settle();
    assert!(poll(&mut stream.read(&mut [0; 8])).is_pending());
}

fn is_reset(outcome: io::Result<usize>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// A read says so, and the operations after it that there is no connection.
fn reads_a_reset(hand: &mut Hand, stream: &TcpStream) {
    is_reset(hand.finish(stream.read(&mut [0; 8])));
    reads_the_end(hand, stream);
    cannot_write(hand, stream);
}

/// The first write is what the other side answers with a reset.
fn writes_and_is_reset(hand: &mut Hand, stream: &TcpStream) {
    write(hand, stream);
    // Told by the reset itself, which follows the write on loopback.
    hand.finish(stream.ready(reveille_reactor::Interest::READABLE))
        .unwrap();
    let reset = hand.until(|| match stream.take_error().unwrap() {
        Some(error) => Poll::Ready(error.kind()),
        None => Poll::Pending,
    });
    assert!(matches!(
        reset,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    ));
    cannot_write(hand, stream);
}

#[test]
fn closing_the_direction_of_writing() {
    let closings: [fn(&mut TcpStream); 4] = [
        |here| here.shutdown(Shutdown::Write).unwrap(),
        |here| here.split().1.shutdown().unwrap(),
        |here| {
            assert!(
                Pin::new(&mut here.split().1)
                    .poll_close(&mut context())
                    .is_ready()
            )
        },
        |here| assert!(Pin::new(here).poll_close(&mut context()).is_ready()),
    ];
    for close in closings {
        let mut hand = Hand::new();
        let (mut here, peer) = both(&mut hand);
        write(&mut hand, &here);
        close(&mut here);
        reads_words(&mut hand, &peer);
        reads_the_end(&mut hand, &peer);
        goes_on(&mut hand, &peer, &here);
        cannot_write(&mut hand, &here);
    }
}

#[test]
fn dropping_the_owned_write_half() {
    let mut hand = Hand::new();
    let (here, peer) = both(&mut hand);
    write(&mut hand, &here);
    let (reader, writer) = here.into_split();
    drop(writer);
    reads_words(&mut hand, &peer);
    reads_the_end(&mut hand, &peer);
    goes_on(&mut hand, &peer, reader.as_ref());
    cannot_write(&mut hand, reader.as_ref());
}

#[test]
fn closing_the_direction_of_reading() {
    let mut hand = Hand::new();
    let (here, peer) = both(&mut hand);
    let buffer = &mut [0; 8];
    let mut read = here.read(buffer);
    assert!(poll(&mut read).is_pending());
    here.shutdown(Shutdown::Read).unwrap();
    assert_eq!(hand.finish(&mut read).unwrap(), 0, "whoever waits is woken");
    drop(read);
    reads_the_end(&mut hand, &here);
    has_no_end(&mut hand, &peer);
    goes_on(&mut hand, &here, &peer);

    let (here, peer) = both(&mut hand);
    write(&mut hand, &peer);
    hand.finish(here.readable()).unwrap();
    here.shutdown(Shutdown::Read).unwrap();
    reads_words(&mut hand, &here);
    reads_the_end(&mut hand, &here);
}

#[cfg(target_os = "linux")]
#[test]
fn on_linux_what_arrives_after_closing_the_direction_of_reading_can_be_read() {
    let mut hand = Hand::new();
    let (here, peer) = both(&mut hand);
    here.shutdown(Shutdown::Read).unwrap();
    reads_the_end(&mut hand, &here);
    write(&mut hand, &peer);
    // `readable` is told of the end at once, so the bytes are awaited where they are seen.
    let length = hand.until(|| match here.try_read(&mut [0; 8]).unwrap() {
        0 => Poll::Pending,
        length => Poll::Ready(length),
    });
    assert_eq!(length, 5);
    reads_the_end(&mut hand, &here);
}

#[test]
fn closing_both_directions() {
    let mut hand = Hand::new();
    let (here, peer) = both(&mut hand);
    write(&mut hand, &here);
    here.shutdown(Shutdown::Both).unwrap();
    reads_words(&mut hand, &peer);
    reads_the_end(&mut hand, &peer);
    reads_the_end(&mut hand, &here);
    cannot_write(&mut hand, &here);
    writes_and_is_reset(&mut hand, &peer);
}

#[test]
fn dropping_halves_that_do_not_write() {
    let mut hand = Hand::new();
    let (mut here, peer) = both(&mut hand);
    {
        let _halves = here.split();
    }
    let (reader, writer) = here.into_split();
    drop(reader);
    has_no_end(&mut hand, &peer);
    goes_on(&mut hand, writer.as_ref(), &peer);
    goes_on(&mut hand, &peer, writer.as_ref());

    let (here, peer) = both(&mut hand);
    let (reader, writer) = here.into_split();
    writer.forget();
    has_no_end(&mut hand, &peer);
    goes_on(&mut hand, reader.as_ref(), &peer);
    goes_on(&mut hand, &peer, reader.as_ref());
}

#[test]
fn dropping_everything_when_all_is_read() {
    let drops: [fn(TcpStream); 2] = [drop, |here| drop(here.into_split())];
    for drop_all in drops {
        let mut hand = Hand::new();
        let (here, peer) = both(&mut hand);
        goes_on(&mut hand, &peer, &here);
        write(&mut hand, &here);
        drop_all(here);
        reads_words(&mut hand, &peer);
        reads_the_end(&mut hand, &peer);
        writes_and_is_reset(&mut hand, &peer);
    }
}

#[test]
fn dropping_everything_when_something_is_unread() {
    let mut hand = Hand::new();
    let (here, peer) = both(&mut hand);
    write(&mut hand, &peer);
    hand.finish(here.readable()).unwrap();
    drop(here);
    reads_a_reset(&mut hand, &peer);

    let (here, peer) = both(&mut hand);
    write(&mut hand, &peer);
    hand.finish(here.readable()).unwrap();
    drop(here);
    hand.finish(peer.readable()).unwrap();
    is_reset(hand.finish(peer.write(b"more")));
    cannot_write(&mut hand, &peer);
}

#[test]
fn dropping_the_stream_without_lingering() {
    let mut hand = Hand::new();
    let (here, peer) = both(&mut hand);
    here.set_zero_linger().unwrap();
    drop(here);
    reads_a_reset(&mut hand, &peer);
}
