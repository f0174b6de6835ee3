//! Halves, and closing one direction.

mod hand;

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::Poll;

use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt};
use reveille_net::TcpStream;
use reveille_reactor::Interest;

use hand::{Hand, context, is_closed_for_writing, pair, poll, received, would_block};

/// The peer reads to the end, which must come although the stream lives.
fn to_the_end(mut peer: &std::net::TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).unwrap();
    bytes
}

/// The end has not come: the peer has nothing to read.
fn nothing_yet(mut peer: &std::net::TcpStream) {
    peer.set_nonblocking(true).unwrap();
    assert!(would_block(&peer.read(&mut [0])));
    peer.set_nonblocking(false).unwrap();
}

#[test]
fn after_closing_the_write_direction_the_answer_can_be_read() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    hand.finish(stream.write_all(b"question")).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(to_the_end(&peer), b"question");

    peer.write_all(b"answer").unwrap();
    let mut buffer = [0; 6];
    hand.finish(stream.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"answer");
    let error = hand.finish(stream.write(b"more")).unwrap_err();
    assert!(is_closed_for_writing(&error), "{error}");
}

#[test]
fn the_ends_of_both_directions_are_independent() {
    let mut hand = Hand::new();
    let (stream, peer) = hand.pair();
    peer.shutdown(Shutdown::Write).unwrap();
    let buffer = &mut [0; 8];
    // An end is an end, however often one asks.
    assert_eq!(hand.finish(stream.read(buffer)).unwrap(), 0);
    assert_eq!(hand.finish(stream.read(buffer)).unwrap(), 0);
    let short = hand.finish(stream.read_exact(buffer)).unwrap_err();
    assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    hand.finish(stream.write_all(b"still")).unwrap();
    assert_eq!(received(&peer, 5), b"still");
}

#[test]
fn dropping_the_owned_write_half_ends_what_the_peer_reads() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let (reader, writer) = stream.into_split();
    hand.finish(writer.write_all(b"last words")).unwrap();
    drop(writer);
    assert_eq!(to_the_end(&peer), b"last words");
    peer.write_all(b"x").unwrap();
    assert_eq!(hand.finish(reader.read(&mut [0; 8])).unwrap(), 1);
}

#[test]
fn a_forgotten_write_half_leaves_the_direction_open() {
    let (stream, peer) = pair();
    let (reader, writer) = stream.into_split();
    writer.forget();
    nothing_yet(&peer);
    drop(reader);
    assert_eq!(to_the_end(&peer), b"");
}

#[test]
fn the_read_half_and_borrowed_halves_end_nothing() {
    let (mut stream, peer) = pair();
    {
        let _halves = stream.split();
    }
    let (reader, writer) = stream.into_split();
    drop(reader);
    nothing_yet(&peer);
    drop(writer);
    assert_eq!(to_the_end(&peer), b"");
}

#[test]
fn closing_a_half_says_so_once_and_twice() {
    let mut hand = Hand::new();
    let (mut stream, peer) = hand.pair();
    {
        let (_, writer) = stream.split();
        writer.shutdown().unwrap();
    }
    assert_eq!(to_the_end(&peer), b"");
    let (_reader, mut writer) = stream.into_split();
    hand.finish(writer.close()).unwrap();
    writer.shutdown().unwrap();
}

#[test]
fn closing_what_the_peer_has_reset_is_no_error() {
    let mut hand = Hand::new();
    let (mut stream, peer) = hand.pair();
    socket2::SockRef::from(&peer)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(peer);
    let error = hand.finish(stream.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(
        stream.shutdown(Shutdown::Write).is_err(),
        "there is something to forgive"
    );
    hand.finish(stream.close()).unwrap();
}

#[test]
fn halves_of_one_stream_reunite_and_others_do_not() {
    let mut hand = Hand::new();
    let ((one, peer), (other, _other_peer)) = (hand.pair(), hand.pair());
    let address = one.local_addr().unwrap();
    let (one_reader, one_writer) = one.into_split();
    let (other_reader, other_writer) = other.into_split();

    let error = one_reader.reunite(other_writer).unwrap_err();
    assert!(error.to_string().contains("not of the same stream"));
    let (one_reader, other_writer) = (error.0, error.1);
    let other = other_writer.reunite(other_reader).unwrap();
    let one = one_reader.reunite(one_writer).unwrap();
    assert_eq!(one.local_addr().unwrap(), address);
    assert_ne!(other.local_addr().unwrap(), one.local_addr().unwrap());
    // Nothing was closed by that.
    hand.finish(one.write_all(b"whole")).unwrap();
    assert_eq!(received(&peer, 5), b"whole");
    nothing_yet(&peer);
}

#[test]
fn halves_do_what_the_stream_does() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let (reader, writer) = stream.into_split();
    let stream: &TcpStream = reader.as_ref();
    assert!(std::ptr::eq(stream, writer.as_ref()));
    assert_eq!(reader.peer_addr().unwrap(), peer.local_addr().unwrap());
    assert_eq!(writer.local_addr().unwrap(), peer.peer_addr().unwrap());

    let buffer = &mut [0; 8];
    assert!(would_block(&reader.try_read(buffer)));
    assert!(poll(&mut reader.readable()).is_pending());
    assert!(poll(&mut reader.peek(buffer)).is_pending());
    peer.write_all(b"in").unwrap();
    assert!(
        hand.finish(reader.ready(Interest::READABLE))
            .unwrap()
            .is_readable()
    );
    assert_eq!(hand.finish(reader.peek(buffer)).unwrap(), 2);
    assert!(matches!(
        reader.poll_peek(&mut context(), buffer),
        Poll::Ready(Ok(2))
    ));
    let [left, right] = &mut [[0; 1]; 2];
    let buffers = &mut [IoSliceMut::new(left), IoSliceMut::new(right)];
    assert_eq!(reader.try_read_vectored(buffers).unwrap(), 2);
    assert_eq!([left[0], right[0]], *b"in");

    hand.finish(writer.writable()).unwrap();
    assert!(
        hand.finish(writer.ready(Interest::WRITABLE))
            .unwrap()
            .is_writable()
    );
    let parts = [IoSlice::new(b"o"), IoSlice::new(b"ut")];
    assert_eq!(writer.try_write_vectored(&parts).unwrap(), 3);
    assert_eq!(writer.try_write(b"!").unwrap(), 1);
    assert_eq!(received(&peer, 4), b"out!");
}

#[test]
fn transfers_over_more_buffers_than_one_call_takes_do_not_stall() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let sent: Vec<u8> = (0..251).cycle().take(3000).collect();

    // Every call moves as many buffers as the system takes, which is fewer bytes than were asked for.
    let mut written = 0;
    while written < sent.len() {
        let buffers: Vec<_> = sent[written..].chunks(1).map(IoSlice::new).collect();
        written += hand
            .until(|| Pin::new(&mut &stream).poll_write_vectored(&mut context(), &buffers))
            .unwrap();
    }
    assert!(received(&peer, sent.len()) == sent);

    peer.write_all(&sent).unwrap();
    let (mut arrived, mut calls) = (Vec::new(), 0);
    while arrived.len() < sent.len() {
        let mut bytes = vec![0; 3000];
        let mut buffers: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
        let read = hand
            .until(|| {
                let mut stream = &stream;
                Pin::new(&mut stream).poll_read_vectored(&mut context(), &mut buffers)
            })
            .unwrap();
        arrived.extend_from_slice(&bytes[..read]);
        calls += 1;
    }
    assert!(arrived == sent);
    assert!(calls > 1, "the system takes 3000 buffers at once: take more");
}

#[test]
fn an_empty_buffer_needs_no_data() {
    let mut hand = Hand::new();
    let (stream, _peer) = hand.pair();
    assert!(matches!(poll(&mut stream.read(&mut [])), Poll::Ready(Ok(0))));
    assert!(matches!(
        poll(&mut stream.read_exact(&mut [])),
        Poll::Ready(Ok(0))
    ));
    assert!(matches!(poll(&mut stream.write_all(&[])), Poll::Ready(Ok(()))));
    let read = Pin::new(&mut &stream).poll_read(&mut context(), &mut []);
    assert!(matches!(read, Poll::Ready(Ok(0))));
}
