//! From stream to stream without the bytes coming by.
#![cfg(target_os = "linux")]

mod hand;
mod watchdog;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net as unix;
use std::thread;

use reveille_net::{UnixStream, splice};

use hand::{Hand, pair, poll, received};
use watchdog::watched;

/// Ours, and the peer, which blocks.
fn unix_pair() -> (UnixStream, unix::UnixStream) {
    let (ours, peer) = unix::UnixStream::pair().unwrap();
    (UnixStream::from_std(ours).unwrap(), peer)
}

/// More than any buffer holds.
fn pattern() -> Vec<u8> {
    (0..251).cycle().take(3_000_000).collect()
}

/// Between `$from` and `$to`, each ours and a peer.
macro_rules! everything_arrives {
    ($from:expr, $to:expr) => {
        watched(|| {
            let ((from, mut source), (to, mut target)) = ($from, $to);
            let sent = pattern();
            thread::scope(|scope| {
                scope.spawn(|| {
                    // In pieces of many sizes.
                    let mut rest = &sent[..];
                    for size in (1..).step_by(4097) {
                        let piece;
                        (piece, rest) = rest.split_at(size.min(rest.len()));
                        source.write_all(piece).unwrap();
                        if rest.is_empty() {
                            break;
                        }
                    }
                    source.shutdown(Shutdown::Write).unwrap();
                });
                let reader = scope.spawn(|| {
                    let mut received = vec![0; sent.len()];
                    target.read_exact(&mut received).unwrap();
                    assert!(received == sent);
                });
                assert_eq!(pollster::block_on(splice(&from, &to)).unwrap(), sent.len() as u64);
                reader.join().unwrap();
            });
            // The other direction is as it was, and nothing was closed.
            target.write_all(b"back").unwrap();
            target.shutdown(Shutdown::Write).unwrap();
            assert_eq!(pollster::block_on(splice(&to, &from)).unwrap(), 4);
            let mut back = [0; 4];
            source.read_exact(&mut back).unwrap();
            assert_eq!(&back, b"back");
            pollster::block_on(to.write_all(b"more")).unwrap();
            target.read_exact(&mut back).unwrap();
            assert_eq!(&back, b"more");
        })
    };
}

#[test]
fn from_tcp_to_tcp_everything_arrives_and_nothing_is_closed() {
    everything_arrives!(pair(), pair());
}

#[test]
fn from_tcp_to_unix_everything_arrives_and_nothing_is_closed() {
    everything_arrives!(pair(), unix_pair());
}

#[test]
fn from_unix_to_tcp_everything_arrives_and_nothing_is_closed() {
    everything_arrives!(unix_pair(), pair());
}

#[test]
fn from_unix_to_unix_everything_arrives_and_nothing_is_closed() {
    everything_arrives!(unix_pair(), unix_pair());
}

#[test]
fn both_directions_go_at_the_same_time() {
    watched(|| {
        let ((one, mut client), (other, mut server)) = (pair(), pair());
        let sent = pattern();
        thread::scope(|scope| {
            scope.spawn(|| {
                // An echo that ends when its input does.
                let mut reader = server.try_clone().unwrap();
                std::io::copy(&mut reader, &mut server).unwrap();
                server.shutdown(Shutdown::Write).unwrap();
            });
            let (mut writer, sent) = (client.try_clone().unwrap(), &sent);
            scope.spawn(move || {
                writer.write_all(sent).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            });
            let reader = scope.spawn(|| {
                let mut received = Vec::new();
                client.read_to_end(&mut received).unwrap();
                assert!(received == *sent);
            });
            let there = async {
                let moved = splice(&one, &other).await.unwrap();
                other.shutdown(Shutdown::Write).unwrap();
                moved
            };
            let back = async {
                let moved = splice(&other, &one).await.unwrap();
                one.shutdown(Shutdown::Write).unwrap();
                moved
            };
            let moved = pollster::block_on(futures_lite::future::zip(there, back));
            assert_eq!(moved, (sent.len() as u64, sent.len() as u64));
            reader.join().unwrap();
        });
    });
}

/// Neither busy nor hoarding: what the target does not take stays with the source.
#[test]
fn a_target_that_takes_nothing_keeps_the_source_waiting() {
    let mut hand = Hand::new();
    let ((from, mut source), (to, mut target)) = (unix_pair(), unix_pair());
    source.set_nonblocking(true).unwrap();
    let sent = pattern();
    let mut written = 0;
    let mut splice = splice(&from, &to);
    let mut idle = 0;
    while idle < 3 {
        assert!(poll(&mut splice).is_pending());
        hand.settle();
        match source.write(&sent[written..]) {
            Ok(more) => {
                (written, idle) = (written + more, 0);
                assert!(written < sent.len(), "the test is to fill all buffers");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                idle += 1;
            }
        }
    }
    assert!((1..=1 << 20).contains(&splice.held()), "{splice:?}");
    assert!(splice.delivered() + splice.held() as u64 <= written as u64);

    // Given up, and gone on with: nothing is lost.
    source.shutdown(Shutdown::Write).unwrap();
    let reader = thread::spawn(move || {
        let mut received = vec![0; written];
        target.read_exact(&mut received).unwrap();
        received
    });
    assert_eq!(hand.finish(&mut splice).unwrap(), written as u64);
    assert_eq!((splice.delivered(), splice.held()), (written as u64, 0));
    assert!(reader.join().unwrap() == sent[..written]);
}

/// A target that takes less than the pipe holds.
#[test]
fn what_was_written_only_in_part_is_written_before_more_is_read() {
    let mut hand = Hand::new();
    let ((from, mut source), (to, mut target)) = (unix_pair(), unix_pair());
    socket2::SockRef::from(&to).set_send_buffer_size(1).unwrap();
    target.set_nonblocking(true).unwrap();
    let sent = &pattern()[..100_000];
    source.write_all(sent).unwrap();
    source.shutdown(Shutdown::Write).unwrap();
    let mut splice = splice(&from, &to);
    let (mut received, mut partly) = (Vec::new(), 0);
    while poll(&mut splice).is_pending() {
        partly += usize::from(splice.held() > 0);
        let error = target.read_to_end(&mut received).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        hand.settle();
    }
    drop(splice);
    drop(to);
    target.read_to_end(&mut received).unwrap();
    assert!(received == sent);
    assert!(partly > 0, "the test is to fill the target");
}

#[test]
fn one_that_is_dropped_with_nothing_held_has_lost_nothing() {
    let mut hand = Hand::new();
    let ((from, mut source), (to, target)) = (hand.pair(), hand.pair());
    for round in 0..100_u8 {
        source.write_all(&[round; 3]).unwrap();
        hand.finish(from.readable()).unwrap();
        let mut splice = splice(&from, &to);
        assert!(poll(&mut splice).is_pending());
        assert_eq!((splice.delivered(), splice.held()), (3, 0));
        drop(splice);
        assert_eq!(received(&target, 3), [round; 3]);
    }
    source.write_all(b"rest").unwrap();
    drop(source);
    assert_eq!(hand.finish(splice(&from, &to)).unwrap(), 4);
    assert_eq!(received(&target, 4), b"rest");
}

#[test]
fn an_error_of_either_side_ends_it() {
    let mut hand = Hand::new();
    let ((from, source), (to, _target)) = (hand.pair(), hand.pair());
    socket2::SockRef::from(&source)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(source);
    let error = hand.finish(splice(&from, &to)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let ((from, mut source), (to, target)) = (unix_pair(), unix_pair());
    drop(target);
    source.write_all(b"x").unwrap();
    let error = hand.finish(splice(&from, &to)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn pipes_are_streams_too() {
    let mut hand = Hand::new();
    let (from, mut source) = unix_pair();
    let (sender, receiver) = reveille_net::unix::pipe::pipe().unwrap();
    let (to, mut target) = unix_pair();
    source.write_all(b"through").unwrap();
    drop(source);
    assert_eq!(hand.finish(splice(&from, &sender)).unwrap(), 7);
    drop(sender);
    assert_eq!(hand.finish(splice(&receiver, &to)).unwrap(), 7);
    drop(to);
    let mut text = String::new();
    target.read_to_string(&mut text).unwrap();
    assert_eq!(text, "through");
}
