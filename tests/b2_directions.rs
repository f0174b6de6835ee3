//! B2: what happens in one direction of a socket must not make the other try again and again, on any flavor.
#![cfg(unix)]

mod canary;
mod flavors;
mod watchdog;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use canary::Canary;
use flavors::on_every_flavor;
use reveille::io::Source;
use watchdog::Watchdog;

/// While a reader meets `WouldBlock`, the peer makes room, so that an event says that the socket is writable.
#[test]
fn room_to_write_does_not_make_a_reader_try_again() {
    let _watchdog = Watchdog::new("B2: room to write", Duration::from_secs(20));
    on_every_flavor(|flavor| async move {
        // Where the reader's own thread delivers the events, none can come during its attempt.
        if flavor == "current-thread" {
            return;
        }
        let canary = Canary::new();
        let (ours, peer) = UnixStream::pair().unwrap();
        peer.set_nonblocking(true).unwrap();
        let socket = Source::new(ours).unwrap();
        for _ in 0..20 {
            while socket.get_ref().write(&[0; 4096]).is_ok() {}
            (&peer).write_all(b"x").unwrap();
            socket
                .read_with(|mut stream| stream.read(&mut [0]))
                .await
                .unwrap();
            let attempts = Cell::new(0);
            let mut read = pin!(socket.read_with(|mut stream| {
                attempts.set(attempts.get() + 1);
                let length = stream.read(&mut [0]);
                if attempts.get() == 1 {
                    while (&peer).read(&mut [0; 4096]).is_ok() {}
                    canary.wait_for_news();
                }
                length
            }));
            assert!(poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await);
            assert_eq!(attempts.get(), 1, "{flavor}: the reader tried again for nothing");
        }
    });
}

/// Each has a loop of its own, and both are on one stream.
async fn both(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let mut ended = [false; 2];
    poll_fn(|cx| {
        ended[0] = ended[0] || one.as_mut().poll(cx).is_ready();
        ended[1] = ended[1] || other.as_mut().poll(cx).is_ready();
        if ended == [true; 2] {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn a_full_duplex_echo_makes_two_reads_and_one_write_for_each_message() {
    let full = std::env::var("REVEILLE_STRESS").is_ok_and(|value| value == "full");
    let (messages, seconds) = if full { (100_000, 600) } else { (2_000, 60) };
    let _watchdog = Watchdog::new("B2: an echo", Duration::from_secs(seconds));
    on_every_flavor(|flavor| async move {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        peer.set_nodelay(true).unwrap();
        let client = thread::spawn(move || {
            for message in 0..messages {
                peer.write_all(&[message as u8]).unwrap();
                let mut echo = [0];
                peer.read_exact(&mut echo).unwrap();
                assert_eq!(echo, [message as u8]);
            }
        });
        let socket = Source::new(stream).unwrap();
        let (reads, writes, arrived) = (Cell::new(0), Cell::new(0), Cell::new(None));
        let told = Cell::new(None::<std::task::Waker>);
        let reader = async {
            for _ in 0..messages {
                let byte = socket.read_with(|mut stream| {
                    reads.set(reads.get() + 1);
                    let mut byte = [0];
                    stream.read_exact(&mut byte)?;
                    io::Result::Ok(byte[0])
                });
                arrived.set(Some(byte.await.unwrap()));
                told.take().into_iter().for_each(std::task::Waker::wake);
            }
        };
        let writer = async {
            for _ in 0..messages {
                let byte = poll_fn(|cx| match arrived.take() {
                    Some(byte) => Poll::Ready(byte),
                    None => {
                        told.set(Some(cx.waker().clone()));
                        Poll::Pending
                    }
                });
                let byte = byte.await;
                let written = socket.write_with(|mut stream| {
                    writes.set(writes.get() + 1);
                    stream.write(&[byte])
                });
                assert_eq!(written.await.unwrap(), 1);
            }
        };
        both(reader, writer).await;
        client.join().unwrap();
        let (reads, writes) = (reads.get(), writes.get());
        assert!(
            reads <= 2 * messages + 2,
            "{flavor}: {messages} messages took {reads} reads"
        );
        assert!(
            writes <= messages + 2,
            "{flavor}: {messages} messages took {writes} writes"
        );
    });
}
