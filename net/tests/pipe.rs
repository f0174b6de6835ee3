//! Pipes and FIFOs.
#![cfg(target_os = "linux")]

mod hand;
mod place;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::task::Poll;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use reveille_net::unix::pipe::{self, OpenOptions, Receiver, Sender};
use reveille_reactor::Interest;

use hand::{Hand, poll, would_block};
use place::Place;

fn make_fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

/// What blocks, on the other side. It must not wait for the one of the test.
fn writer(path: &Path) -> File {
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .unwrap()
}

#[test]
fn what_is_written_is_read_and_then_the_end() {
    let mut hand = Hand::new();
    let (sender, receiver) = pipe::pipe().unwrap();
    let mut buffer = [0; 8];
    let mut read = receiver.read(&mut buffer);
    assert!(poll(&mut read).is_pending());
    hand.finish(sender.write_all(b"hello")).unwrap();
    assert_eq!(hand.finish(read).unwrap(), 5);
    assert_eq!(&buffer[..5], b"hello");
    let mut read = receiver.read(&mut buffer);
    assert!(poll(&mut read).is_pending());
    drop(sender);
    assert_eq!(hand.finish(read).unwrap(), 0);
}

#[test]
fn a_full_pipe_is_waited_for_and_nothing_is_lost() {
    pollster::block_on(async {
        let (mut sender, mut receiver) = pipe::pipe().unwrap();
        let sent: Vec<u8> = (0..251).cycle().take(1 << 20).collect();
        let write = async {
            AsyncWriteExt::write_all(&mut sender, &sent).await.unwrap();
            sender.close().await.unwrap();
            drop(sender);
        };
        let mut received = Vec::new();
        let ((), length) = futures_lite::future::zip(write, receiver.read_to_end(&mut received)).await;
        assert_eq!(length.unwrap(), sent.len());
        assert!(received == sent, "other bytes");
    });
}

#[test]
fn a_pipe_that_nobody_reads_is_broken() {
    let mut hand = Hand::new();
    let (sender, receiver) = pipe::pipe().unwrap();
    while !would_block(&sender.try_write(&[0; 4096])) {}
    let mut write = sender.write(b"x");
    assert!(poll(&mut write).is_pending());
    drop(receiver);
    assert_eq!(hand.finish(write).unwrap_err().kind(), ErrorKind::BrokenPipe);
    hand.finish(sender.writable()).unwrap();
}

#[test]
fn what_is_no_pipe_or_the_wrong_end_is_refused() {
    let (reader, writer) = pipe::pipe().unwrap();
    let (writer, reader) = (
        reader.into_blocking_fd().unwrap(),
        writer.into_blocking_fd().unwrap(),
    );
    let error = Receiver::from_owned_fd(writer.try_clone().unwrap()).unwrap_err();
    assert!(error.to_string().contains("not open for reading"), "{error}");
    let error = Sender::from_owned_fd(reader.try_clone().unwrap()).unwrap_err();
    assert!(error.to_string().contains("not open for writing"), "{error}");
    let sender = Sender::from_owned_fd(writer).unwrap();
    let receiver = Receiver::from_owned_fd(reader).unwrap();
    assert_eq!(sender.try_write(b"x").unwrap(), 1);
    assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 1);
    assert!(would_block(&receiver.try_read(&mut [0; 8])), "it does not block");

    let place = Place::new("no-fifo");
    fs::write(place.path(), b"").unwrap();
    let error = OpenOptions::new().open_receiver(place.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = OpenOptions::new().open_sender(place.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_descriptor_for_a_child_blocks_again() {
    let (sender, receiver) = pipe::pipe().unwrap();
    let mut file = File::from(receiver.into_blocking_fd().unwrap());
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        file.read_to_string(&mut text).map(|_| text)
    });
    pollster::block_on(sender.write_all(b"hello")).unwrap();
    drop(sender);
    assert_eq!(reader.join().unwrap().unwrap(), "hello");
}

/// Over poll(2) it does not: a known limit, since what has hung up is not asked for again.
#[cfg(not(mio_unsupported_force_poll_poll))]
#[test]
fn a_fifo_that_is_opened_again_wakes_its_reader_and_costs_a_few_calls() {
    let mut hand = Hand::new();
    let place = Place::new("reopened");
    make_fifo(place.path());
    let receiver = OpenOptions::new().open_receiver(place.path()).unwrap();
    let calls = Cell::new(0);
    let mut buffer = [0; 16];
    let mut read = |hand: &mut Hand, before: &mut dyn FnMut()| {
        let mut read = receiver.async_io(Interest::READABLE, || {
            calls.set(calls.get() + 1);
            Ok(rustix::io::read(&receiver, &mut buffer)?)
        });
        assert!(
            poll(&mut read).is_pending(),
            "there is a writer, and it is silent"
        );
        before();
        hand.finish(read).unwrap()
    };
    for round in 1..=50 {
        let mut peer = writer(place.path());
        calls.set(0);
        assert_eq!(
            read(&mut hand, &mut || peer.write_all(b"news").unwrap()),
            4,
            "round {round}"
        );
        // One that finds nothing, one that reads; one more, should the writer before have left an event.
        assert!(
            calls.get() <= 3,
            "round {round}: {} reads for one message",
            calls.get()
        );
        calls.set(0);
        let mut peer = Some(peer);
        assert_eq!(
            read(&mut hand, &mut || drop(peer.take())),
            0,
            "the end, round {round}"
        );
        assert!(
            calls.get() <= 3,
            "round {round}: {} reads for one end",
            calls.get()
        );
    }
}

#[test]
fn a_reader_that_waits_at_a_reopened_fifo_is_not_polled_in_vain() {
    let mut hand = Hand::new();
    let place = Place::new("idle");
    make_fifo(place.path());
    let receiver = OpenOptions::new().open_receiver(place.path()).unwrap();
    drop(writer(place.path()));
    assert_eq!(hand.finish(receiver.read(&mut [0; 8])).unwrap(), 0);
    let _peer = writer(place.path());
    let calls = Cell::new(0);
    let mut wait = receiver.async_io(Interest::READABLE, || {
        calls.set(calls.get() + 1);
        Ok(rustix::io::read(&receiver, &mut [0; 8])?)
    });
    for _ in 0..1000 {
        assert!(poll(&mut wait).is_pending());
        hand.settle();
    }
    assert!(calls.get() <= 3, "{} reads while nobody wrote", calls.get());
}

#[test]
fn a_fifo_that_is_open_both_ways_outlives_its_writers() {
    let mut hand = Hand::new();
    let place = Place::new("both-ways");
    make_fifo(place.path());
    let error = OpenOptions::new().open_sender(place.path()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENXIO));
    let receiver = OpenOptions::new()
        .read_write(true)
        .open_receiver(place.path())
        .unwrap();
    for _ in 0..3 {
        let mut buffer = [0; 8];
        let mut read = receiver.read_exact(&mut buffer[..4]);
        assert!(poll(&mut read).is_pending());
        let mut peer = writer(place.path());
        peer.write_all(b"ne").unwrap();
        drop(peer);
        hand.settle();
        assert!(poll(&mut read).is_pending(), "the writer's end is not ours");
        writer(place.path()).write_all(b"ws").unwrap();
        assert_eq!(hand.finish(read).unwrap(), 4);
    }
    let sender = OpenOptions::new()
        .unchecked(true)
        .open_sender(place.path())
        .unwrap();
    assert!(matches!(poll(&mut sender.write(b"x")), Poll::Ready(Ok(1))));
}
