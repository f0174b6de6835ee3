//! Waiting without a transfer, and transfers without waiting.

mod hand;

use std::cell::Cell;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use reveille_net::TcpStream;
use reveille_reactor::Interest;

use hand::{Hand, context, pair, poll, received, would_block};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Takes everything that there is to read.
fn drain(stream: &TcpStream) {
    while !would_block(&stream.try_read(&mut [0; 64])) {}
}

#[test]
fn readable_and_writable_stay_until_an_operation_would_block() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    assert!(poll(&mut stream.readable()).is_pending());
    peer.write_all(b"xy").unwrap();
    hand.finish(stream.readable()).unwrap();
    for _ in 0..2 {
        assert_eq!(stream.try_read(&mut [0]).unwrap(), 1);
        assert!(poll(&mut stream.readable()).is_ready(), "it stays");
    }
    assert!(would_block(&stream.try_read(&mut [0])));
    assert!(poll(&mut stream.readable()).is_pending());
    assert!(stream.poll_read_ready(&mut context()).is_pending());

    while !would_block(&stream.try_write(&[0; 16 << 10])) {}
    assert!(poll(&mut stream.writable()).is_pending());
    assert!(stream.poll_write_ready(&mut context()).is_pending());
    drop(peer);
    hand.finish(stream.writable()).unwrap();
    hand.until(|| stream.poll_write_ready(&mut context())).unwrap();
    hand.until(|| stream.poll_read_ready(&mut context())).unwrap();
}

#[test]
fn ready_says_which_of_both() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let ready = hand.finish(stream.ready(BOTH)).unwrap();
    assert!(ready.is_writable() && !ready.is_readable());
    assert!(poll(&mut stream.ready(Interest::READABLE)).is_pending());
    peer.write_all(b"x").unwrap();
    hand.finish(stream.readable()).unwrap();
    let ready = hand.finish(stream.ready(BOTH)).unwrap();
    assert!(ready.is_writable() && ready.is_readable());
    drop(peer);
    hand.settle();
    let ready = hand.finish(stream.ready(Interest::READABLE)).unwrap();
    assert!(ready.is_read_closed());
}

#[test]
fn try_forms_work_on_a_stream_that_nothing_has_waited_for() {
    let (stream, peer) = pair();
    assert!(would_block(&stream.try_read(&mut [0; 8])));
    assert!(would_block(&stream.try_read(&mut [0; 8])));
    assert_eq!(stream.try_write(b"in").unwrap(), 2);
    assert_eq!(received(&peer, 2), b"in");
    (&peer).write_all(b"out").unwrap();
    // Loopback may take a moment.
    let read = loop {
        let (left, right) = (&mut [0; 1], &mut [0; 2]);
        let read = stream.try_read_vectored(&mut [IoSliceMut::new(left), IoSliceMut::new(right)]);
        if !would_block(&read) {
            assert_eq!((left[0], *right), (b'o', *b"ut"));
            break read.unwrap();
        }
    };
    assert_eq!(read, 3);
    assert_eq!(stream.try_write_vectored(&[IoSlice::new(b"x")]).unwrap(), 1);
}

#[test]
fn try_io_calls_only_if_something_of_the_interest_is_ready() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let calls = Cell::new(0);
    let call = |interest, outcome: io::Result<()>| {
        stream.try_io(interest, || {
            calls.set(calls.get() + 1);
            outcome
        })
    };
    let blocked = || Err(io::ErrorKind::WouldBlock.into());

    assert!(would_block(&call(Interest::READABLE, Ok(()))));
    assert_eq!(calls.get(), 0);
    call(Interest::WRITABLE, Ok(())).unwrap();
    call(BOTH, Ok(())).unwrap();
    assert_eq!(calls.get(), 2, "one call, though only one of the two is ready");
    // What the operation says of both is taken to be about both.
    assert!(would_block(&call(BOTH, blocked())));
    assert_eq!(calls.get(), 3);
    assert!(would_block(&call(BOTH, Ok(()))));
    assert_eq!(calls.get(), 3);

    peer.write_all(b"x").unwrap();
    hand.finish(stream.readable()).unwrap();
    let error = call(BOTH, Err(io::ErrorKind::OutOfMemory.into())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    call(Interest::READABLE, Ok(())).unwrap();
    assert!(would_block(&call(Interest::READABLE, blocked())));
    assert!(poll(&mut stream.readable()).is_pending());
}

#[test]
fn try_io_sees_both_directions_before_it_calls() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    peer.write_all(b"x").unwrap();
    hand.finish(stream.ready(Interest::READABLE)).unwrap();
    // Both are ready, and news comes while the operation runs: its `WouldBlock` is older than that.
    let outcome: io::Result<()> = stream.try_io(BOTH, || {
        peer.write_all(b"y").unwrap();
        hand.settle();
        Err(io::ErrorKind::WouldBlock.into())
    });
    assert!(would_block(&outcome));
    // Had it been lost, this would never end. (A selector that reports once says it again first.)
    hand.finish(stream.readable()).unwrap();
    drain(&stream);
}

#[test]
fn a_peek_takes_nothing_and_waits_for_nothing_that_is_there() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    peer.write_all(b"xyz").unwrap();
    hand.finish(stream.readable()).unwrap();
    let buffer = &mut [0; 64];
    // Shorter than asked for each time, and yet the next does not block.
    for _ in 0..2 {
        assert!(matches!(poll(&mut stream.peek(buffer)), Poll::Ready(Ok(3))));
        assert!(matches!(
            stream.poll_peek(&mut context(), buffer),
            Poll::Ready(Ok(3))
        ));
    }
    assert!(matches!(poll(&mut stream.read(buffer)), Poll::Ready(Ok(3))));
    assert_eq!(&buffer[..3], b"xyz");
    assert!(poll(&mut stream.peek(buffer)).is_pending());
}

#[test]
fn any_number_of_operations_wait_on_one_stream() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let (mut first, mut second) = ([0; 1], [0; 1]);
    let mut reads = [stream.read(&mut first), stream.read(&mut second)];
    let mut readable = stream.readable();
    assert!(reads.iter_mut().all(|read| poll(read).is_pending()));
    assert!(poll(&mut readable).is_pending());
    peer.write_all(b"xy").unwrap();
    hand.finish(readable).unwrap();
    for read in reads {
        assert_eq!(hand.finish(read).unwrap(), 1);
    }
    assert_eq!([first[0], second[0]], *b"xy");
}

#[test]
fn operations_that_never_have_to_wait_end_with_the_budget() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    let budget = usize::from(reveille_context::coop::BUDGET);
    peer.write_all(&vec![7; budget + 1]).unwrap();
    hand.finish(stream.readable()).unwrap();

    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let cx = &mut Context::from_waker(&waker);
    let turn = reveille_context::coop::enter();
    for _ in 0..budget {
        let read = std::pin::pin!(stream.read(&mut [0])).poll(cx);
        assert!(matches!(read, Poll::Ready(Ok(1))));
    }
    assert!(std::pin::pin!(stream.read(&mut [0])).poll(cx).is_pending());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "it yields, and runs again");
    drop(turn);
    assert!(matches!(poll(&mut stream.read(&mut [0])), Poll::Ready(Ok(1))));
}

#[test]
fn async_io_calls_until_the_operation_need_not_wait_any_more() {
    let mut hand = Hand::new();
    let (stream, mut peer) = hand.pair();
    for interest in [Interest::READABLE, BOTH] {
        let calls = Cell::new(0);
        let mut receive = stream.async_io(interest, || {
            calls.set(calls.get() + 1);
            socket2::SockRef::from(&stream).recv(&mut [std::mem::MaybeUninit::uninit(); 8])
        });
        assert!(poll(&mut receive).is_pending());
        let before = calls.get();
        assert!(poll(&mut receive).is_pending());
        assert_eq!(calls.get(), before, "nothing has happened since");
        peer.write_all(b"in").unwrap();
        assert_eq!(hand.finish(&mut receive).unwrap(), 2);
    }
    let send = || socket2::SockRef::from(&stream).send(b"out");
    // The operation before took the readiness to write for gone: it was about both.
    peer.write_all(b"!").unwrap();
    assert_eq!(hand.finish(stream.async_io(Interest::WRITABLE, send)).unwrap(), 3);
    assert_eq!(received(&peer, 3), b"out");
}

#[test]
fn async_io_gives_back_what_the_operation_says() {
    let mut hand = Hand::new();
    let (stream, _peer) = hand.pair();
    for interest in [Interest::WRITABLE, BOTH] {
        let mut interrupted = true;
        let refuse = || -> io::Result<()> {
            if std::mem::take(&mut interrupted) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(io::ErrorKind::PermissionDenied.into())
        };
        let error = hand.finish(stream.async_io(interest, refuse)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
