//! Unix sockets: streams, listeners and messages.
#![cfg(unix)]

mod hand;
mod place;

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net;
use std::pin::Pin;
use std::task::Poll;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use reveille_net::{UnixDatagram, UnixListener, UnixStream};

use hand::{Hand, context, poll, would_block};
use place::Place;

/// A stream that is registered and not ready to read, and its peer, which blocks.
fn pair(hand: &mut Hand) -> (UnixStream, net::UnixStream) {
    let (stream, peer) = net::UnixStream::pair().unwrap();
    let stream = UnixStream::from_std(stream).unwrap();
    assert!(poll(&mut stream.read(&mut [0])).is_pending());
    hand.finish(stream.writable()).unwrap();
    (stream, peer)
}

#[test]
fn an_accept_that_waits_gets_the_connection() {
    let mut hand = Hand::new();
    let place = Place::new("accept");
    let listener = UnixListener::bind(place.path()).unwrap();
    let mut accept = listener.accept();
    assert!(poll(&mut accept).is_pending());
    let mut connect = UnixStream::connect(place.path());
    let Poll::Ready(Ok(client)) = poll(&mut connect) else {
        panic!("a Unix socket connects at once");
    };
    let (server, from) = hand.finish(accept).unwrap();
    assert!(from.is_unnamed());
    assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(place.path()));
    hand.finish(server.write_all(b"welcome")).unwrap();
    let mut buffer = [0; 7];
    hand.finish(client.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"welcome");
}

#[test]
fn connecting_to_nobody_is_the_systems_error() {
    let place = Place::new("nobody");
    let error = pollster::block_on(UnixStream::connect(place.path())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    drop(UnixListener::bind(place.path()).unwrap());
    let error = pollster::block_on(UnixStream::connect(place.path())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let error = UnixListener::bind(place.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let long = "x".repeat(1000);
    let error = pollster::block_on(UnixStream::connect(long)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_are_paths_that_begin_with_a_zero_byte() {
    use std::os::linux::net::SocketAddrExt;

    let name = format!("reveille tests {}", std::process::id());
    let path = format!("\0{name}");
    let listener = UnixListener::bind(&path).unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(address.as_abstract_name(), Some(name.as_bytes()));
    pollster::block_on(UnixStream::connect(&path)).unwrap();
    pollster::block_on(UnixStream::connect_addr(&address)).unwrap();

    let path = format!("\0{name} datagram");
    let server = UnixDatagram::bind(&path).unwrap();
    let client = UnixDatagram::bind(format!("{path} client")).unwrap();
    pollster::block_on(client.send_to(b"hello", &path)).unwrap();
    let (_, peeked) = pollster::block_on(server.peek_from(&mut [0; 16])).unwrap();
    let (length, from) = pollster::block_on(server.recv_from(&mut [0; 16])).unwrap();
    assert_eq!(length, 5);
    assert_eq!(from.as_abstract_name(), peeked.as_abstract_name());
    pollster::block_on(server.send_to_addr(b"back", &from)).unwrap();
    assert_eq!(client.try_recv(&mut [0; 16]).unwrap(), 4);
    client.connect(&path).unwrap();
    assert_eq!(client.try_send(b"x").unwrap(), 1);
}

#[test]
fn a_read_that_ends_at_descriptors_is_not_the_end() {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    let mut hand = Hand::new();
    let (stream, mut peer) = pair(&mut hand);
    let lent = [peer.as_fd()];
    let rights = SendAncillaryMessage::ScmRights(&lent);
    let mut space = vec![std::mem::MaybeUninit::uninit(); rights.size()];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(rights));
    let bytes = [io::IoSlice::new(b"with a descriptor")];
    sendmsg(&peer, &bytes, &mut control, SendFlags::empty()).unwrap();
    peer.write_all(b"plain").unwrap();

    // One event for both. The first read is shorter than asked for, and yet the second must not wait.
    let mut buffer = [0; 64];
    hand.finish(stream.readable()).unwrap();
    let Poll::Ready(Ok(length)) = poll(&mut stream.read(&mut buffer)) else {
        panic!("it is readable");
    };
    assert_eq!(&buffer[..length], b"with a descriptor");
    let Poll::Ready(Ok(length)) = poll(&mut stream.read(&mut buffer)) else {
        panic!("the read that ended early was taken for the last one");
    };
    assert_eq!(&buffer[..length], b"plain");
}

#[test]
fn halves_work_apart_and_are_put_together_again() {
    let mut hand = Hand::new();
    let (stream, mut peer) = pair(&mut hand);
    let (other, _kept) = UnixStream::pair().unwrap();
    let (reader, writer) = stream.into_split();
    let (other_reader, other_writer) = other.into_split();
    let error = reader.reunite(other_writer).unwrap_err();
    assert!(error.to_string().contains("not of the same stream"));
    let (reader, other_writer) = (error.0, error.1);
    other_writer.reunite(other_reader).unwrap();

    hand.finish(writer.write_all(b"out")).unwrap();
    let mut buffer = [0; 3];
    peer.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"out");
    let stream = reader.reunite(writer).unwrap();
    hand.finish(stream.write_all(b"again")).unwrap();
    let (reader, writer) = stream.into_split();
    drop(writer);
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"again");
    peer.write_all(b"answer").unwrap();
    let mut buffer = [0; 6];
    hand.finish(reader.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"answer");
}

#[test]
fn the_traits_read_and_write_and_close() {
    pollster::block_on(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        let text = "all of it, ".repeat(50_000);
        let write = async {
            AsyncWriteExt::write_all(&mut here, text.as_bytes())
                .await
                .unwrap();
            here.close().await.unwrap();
        };
        let mut received = String::new();
        let mut reader = &there;
        let read = reader.read_to_string(&mut received);
        let ((), length) = futures_lite::future::zip(write, read).await;
        assert_eq!(length.unwrap(), text.len());
        assert_eq!(received, text);
        drop(there);
        here.close().await.unwrap();
    });
}

#[test]
fn a_peek_takes_nothing() {
    let mut hand = Hand::new();
    let (stream, mut peer) = pair(&mut hand);
    peer.write_all(b"xyz").unwrap();
    let mut buffer = [0; 8];
    for _ in 0..2 {
        assert_eq!(hand.finish(stream.peek(&mut buffer)).unwrap(), 3);
    }
    let peeked = hand.until(|| stream.poll_peek(&mut context(), &mut buffer));
    assert_eq!(peeked.unwrap(), 3);
    assert_eq!(stream.try_read(&mut buffer).unwrap(), 3);
    assert!(poll(&mut stream.peek(&mut buffer)).is_pending());
}

#[test]
fn the_peer_is_known_by_its_credentials() {
    let (here, _there) = UnixStream::pair().unwrap();
    let peer = here.peer_cred().unwrap();
    assert_eq!(peer.gid(), rustix::process::getegid().as_raw());
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
    assert_eq!(peer.uid(), owner);
    let process = peer.pid().map(i32::unsigned_abs);
    assert_eq!(process, Some(std::process::id()));
}

#[test]
fn nothing_is_lost_by_dropping_what_reads_or_receives() {
    let mut hand = Hand::new();
    let (stream, mut peer) = pair(&mut hand);
    let (socket, sender) = net::UnixDatagram::pair().unwrap();
    let socket = UnixDatagram::from_std(socket).unwrap();
    let mut read = Vec::new();
    for round in 0..100_u8 {
        let mut buffer = [0; 2];
        let mut dropped = stream.read_exact(&mut buffer);
        let early = poll(&mut dropped).is_ready();
        peer.write_all(&[round]).unwrap();
        hand.settle();
        assert!(!early && poll(&mut dropped).is_pending());
        assert_eq!(dropped.filled(), 1);
        drop(dropped);
        read.push(buffer[0]);

        let mut message = [0; 8];
        assert!(poll(&mut socket.recv(&mut message)).is_pending());
        sender.send(&[round, round]).unwrap();
        hand.settle();
        let mut dropped = socket.readable();
        assert!(poll(&mut dropped).is_ready());
        let length = hand.finish(socket.recv(&mut message)).unwrap();
        assert_eq!(message[..length], [round, round]);
    }
    assert_eq!(read, Vec::from_iter(0..100));
}

#[test]
fn a_message_waits_for_room_and_is_sent_once() {
    let mut hand = Hand::new();
    let place = Place::new("room");
    let server = UnixDatagram::bind(place.path()).unwrap();
    let client = UnixDatagram::unbound().unwrap();
    client.connect(place.path()).unwrap();
    let messages: Vec<[u8; 4]> = (0..100_000).map(u32::to_le_bytes).collect();
    let mut sent = 0_u32;
    let mut send = loop {
        let mut send = client.send(&messages[sent as usize]);
        match poll(&mut send) {
            Poll::Ready(length) => assert_eq!(length.unwrap(), 4),
            Poll::Pending => break send,
        }
        sent += 1;
    };
    hand.settle();
    let mut expected = 0;
    let mut buffer = [0; 8];
    let mut take = || {
        let length = server.try_recv(&mut buffer)?;
        assert_eq!(buffer[..length], u32::to_le_bytes(expected));
        expected += 1;
        Ok(())
    };
    while !would_block(&take()) {}
    assert_eq!(hand.finish(Pin::new(&mut send)).unwrap(), 4);
    take().unwrap();
    assert!(would_block(&take()));
    assert_eq!(expected, sent + 1);
}

#[test]
fn what_the_system_says_of_a_socket_that_is_shut_down() {
    let (here, there) = UnixStream::pair().unwrap();
    here.shutdown(Shutdown::Both).unwrap();
    assert_eq!(there.try_read(&mut [0; 8]).unwrap(), 0);
    let error = there.try_write(b"x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(there.take_error().unwrap().is_none());
    let raw = there.as_raw_fd();
    assert_eq!(there.into_std().unwrap().as_raw_fd(), raw);
}
