//! What each operation's *Cancel safety* says, held to it: the operation is polled so often, dropped, and begun anew,
//! over and over, and the stream of bytes (or of messages) must come out whole.

mod hand;

use std::io::{Read, Write};
use std::net;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncWrite};
use reveille_net::{TcpStream, UdpSocket};

use hand::{Hand, context, poll};

/// Polls at most so often; whether it was ever ready.
fn drive<F: Future + Unpin>(hand: &mut Hand, polls: usize, future: &mut F) -> Option<F::Output> {
    for _ in 0..polls {
        if let Poll::Ready(output) = poll(future) {
            return Some(output);
        }
        hand.settle();
    }
    None
}

/// Takes bytes from the stream, in at most so many polls: those that whoever follows the documentation knows of.
type Taking = fn(&mut Hand, &TcpStream, usize) -> Vec<u8>;

const TAKING: [(&str, Taking); 6] = [
    ("read", |hand, stream, polls| {
        let mut buffer = [0; 5];
        let read = drive(hand, polls, &mut stream.read(&mut buffer));
        read.map_or_else(Vec::new, |length| buffer[..length.unwrap()].to_vec())
    }),
    ("read_exact", |hand, stream, polls| {
        let mut buffer = [0; 16];
        let mut read = stream.read_exact(&mut buffer);
        let finished = drive(hand, polls, &mut read);
        let filled = read.filled();
        drop(read);
        if let Some(length) = finished {
            assert_eq!((length.unwrap(), filled), (16, 16));
        }
        buffer[..filled].to_vec()
    }),
    ("peek, then read", |hand, stream, polls| {
        let mut buffer = [0; 5];
        let Some(seen) = drive(hand, polls, &mut stream.peek(&mut buffer)) else {
            return Vec::new();
        };
        let mut again = [0; 5];
        let read = hand.finish(stream.read(&mut again[..seen.unwrap()])).unwrap();
        assert_eq!(buffer[..read], again[..read]);
        again[..read].to_vec()
    }),
    ("readable, then try_read", |hand, stream, polls| {
        let mut buffer = [0; 5];
        let ready = drive(hand, polls, &mut stream.readable());
        ready.map_or_else(Vec::new, |ready| {
            ready.unwrap();
            let length = stream.try_read(&mut buffer).unwrap_or(0);
            buffer[..length].to_vec()
        })
    }),
    ("poll_read", |hand, mut stream, polls| {
        let mut buffer = [0; 5];
        for _ in 0..polls {
            if let Poll::Ready(length) = Pin::new(&mut stream).poll_read(&mut context(), &mut buffer) {
                return buffer[..length.unwrap()].to_vec();
            }
            hand.settle();
        }
        Vec::new()
    }),
    ("try_read", |_, stream, _| {
        let mut buffer = [0; 5];
        let length = stream.try_read(&mut buffer).unwrap_or(0);
        buffer[..length].to_vec()
    }),
];

/// No two neighbours are alike, and no period of it divides a power of two.
fn pattern(length: usize) -> Vec<u8> {
    (0..251u8).cycle().take(length).collect()
}

#[test]
fn nothing_is_lost_by_dropping_what_reads() {
    for (name, take) in TAKING {
        let mut hand = Hand::new();
        let (stream, mut peer) = hand.pair();
        let sent = pattern(1000);
        let (mut unsent, mut taken, mut empty) = (&sent[..], Vec::new(), 0);
        for round in 0usize.. {
            assert!(round < 100_000, "{name}: {} of {} bytes", taken.len(), sent.len());
            if taken.len() == sent.len() {
                break;
            }
            if round % 3 == 0 {
                let (now, later) = unsent.split_at(unsent.len().min([1, 7, 2, 40][round / 3 % 4]));
                peer.write_all(now).unwrap();
                unsent = later;
            }
            let bytes = take(&mut hand, &stream, round % 4);
            empty += usize::from(bytes.is_empty() && round % 4 > 0);
            taken.extend(bytes);
            // Only what the documentation lets one count on may carry over: no event is left for the next.
            hand.settle();
        }
        assert!(taken == sent, "{name}: other bytes");
        assert!(empty > 0, "{name} was never dropped early");
    }
}

/// Gives bytes to the stream, in at most so many polls: how many of them whoever follows the documentation counts.
type Giving = fn(&mut Hand, &TcpStream, &[u8], usize) -> usize;

const GIVING: [(&str, Giving); 4] = [
    ("write", |hand, stream, bytes, polls| {
        drive(hand, polls, &mut stream.write(bytes)).map_or(0, Result::unwrap)
    }),
    ("write_all", |hand, stream, bytes, polls| {
        let mut write = stream.write_all(bytes);
        let finished = drive(hand, polls, &mut write);
        if let Some(outcome) = finished {
            outcome.unwrap();
            assert_eq!(write.written(), bytes.len());
        }
        write.written()
    }),
    ("writable, then try_write", |hand, stream, bytes, polls| {
        drive(hand, polls, &mut stream.writable()).map_or(0, |ready| {
            ready.unwrap();
            stream.try_write(bytes).unwrap_or(0)
        })
    }),
    ("poll_write", |hand, mut stream, bytes, polls| {
        for _ in 0..polls {
            if let Poll::Ready(length) = Pin::new(&mut stream).poll_write(&mut context(), bytes) {
                return length.unwrap();
            }
            hand.settle();
        }
        0
    }),
];

#[test]
fn nothing_is_lost_or_sent_twice_by_dropping_what_writes() {
    for (name, give) in GIVING {
        let mut hand = Hand::new();
        let (stream, mut peer) = hand.pair();
        // Small, so that writing has to wait, in the middle too.
        socket2::SockRef::from(&stream)
            .set_send_buffer_size(32 << 10)
            .unwrap();
        socket2::SockRef::from(&peer)
            .set_recv_buffer_size(64 << 10)
            .unwrap();
        peer.set_nonblocking(true).unwrap();
        let sent = pattern(4 << 20);
        let (mut given, mut received, mut nothing) = (0, Vec::new(), 0);
        let mut buffer = vec![0; 64 << 10];
        let patience = Instant::now() + Duration::from_secs(10);
        for round in 0usize.. {
            assert!(Instant::now() < patience, "watchdog: {name} stands still");
            if given < sent.len() {
                let end = sent.len().min(given + 300_000);
                let now = give(&mut hand, &stream, &sent[given..end], round % 4);
                nothing += usize::from(now == 0 && round % 4 > 0);
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
        assert!(received == sent, "{name}: other bytes");
        assert_eq!(given, sent.len(), "{name}");
        assert!(nothing > 0, "{name} was never dropped early");
    }
}

/// Receives a message in at most so many polls.
type Receiving = fn(&mut Hand, &UdpSocket, usize) -> Option<Vec<u8>>;

const RECEIVING: [(&str, Receiving); 4] = [
    ("recv", |hand, socket, polls| {
        let mut buffer = [0; 64];
        let length = drive(hand, polls, &mut socket.recv(&mut buffer))?;
        Some(buffer[..length.unwrap()].to_vec())
    }),
    ("recv_from", |hand, socket, polls| {
        let mut buffer = [0; 64];
        let (length, _) = drive(hand, polls, &mut socket.recv_from(&mut buffer))?.unwrap();
        Some(buffer[..length].to_vec())
    }),
    ("peek_from, then recv", |hand, socket, polls| {
        let mut buffer = [0; 64];
        drive(hand, polls, &mut socket.peek_from(&mut buffer))?.unwrap();
        let length = hand.finish(socket.recv(&mut buffer)).unwrap();
        Some(buffer[..length].to_vec())
    }),
    ("readable, then try_recv", |hand, socket, polls| {
        let mut buffer = [0; 64];
        drive(hand, polls, &mut socket.readable())?.unwrap();
        let length = socket.try_recv(&mut buffer).ok()?;
        Some(buffer[..length].to_vec())
    }),
];

#[test]
fn no_message_is_lost_by_dropping_what_receives() {
    for (name, receive) in RECEIVING {
        let mut hand = Hand::new();
        let std = net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = std.local_addr().unwrap();
        let socket = UdpSocket::from_std(std).unwrap();
        let sender = net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (mut sent, mut received, mut nothing) = (0, 0, 0);
        for round in 0usize.. {
            assert!(round < 100_000, "{name}: {received} of 200 messages");
            // A few at a time: the system drops what it has no room for.
            if round % 5 == 0 && sent < 200 && sent - received < 10 {
                for _ in 0..3 {
                    sender.send_to(format!("{sent}").as_bytes(), address).unwrap();
                    sent += 1;
                }
            }
            match receive(&mut hand, &socket, round % 3) {
                Some(message) => {
                    assert_eq!(message, format!("{received}").as_bytes(), "{name}");
                    received += 1;
                }
                None => nothing += usize::from(round % 3 > 0),
            }
            if received >= 200 {
                break;
            }
        }
        assert!(nothing > 0, "{name} was never dropped early");
    }
}
