//! B1: a reader meets `WouldBlock`, and before it has said so there is news. It must be told, on every flavor.
#![cfg(unix)]

mod canary;
mod flavors;
mod watchdog;

use std::env;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use canary::Canary;
use flavors::on_every_flavor;
use reveille::io::Source;
use watchdog::Watchdog;

fn read_byte(mut stream: &UnixStream) -> io::Result<u8> {
    let mut byte = [0];
    match stream.read(&mut byte)? {
        1 => Ok(byte[0]),
        _ => panic!("the peer is there, and sends"),
    }
}

/// The byte's event is delivered before the reader returns from the attempt that did not find it.
#[test]
fn a_byte_that_is_reported_during_the_attempt_that_missed_it_is_read() {
    let _watchdog = Watchdog::new("B1: a byte reported during an attempt", Duration::from_secs(20));
    on_every_flavor(|flavor| async move {
        // Where the reader's own thread delivers the events, none can come during its attempt.
        if flavor == "current-thread" {
            return;
        }
        let canary = Canary::new();
        let (ours, peer) = UnixStream::pair().unwrap();
        let socket = Source::new(ours).unwrap();
        for round in 0..100_u8 {
            let mut attempts = 0;
            let byte = socket.read_with(|stream| {
                attempts += 1;
                let byte = read_byte(stream);
                // The first of a round may find what the last event said: registered, and ready by its own account.
                if byte.is_err() && attempts == 1 {
                    (&peer).write_all(&[round]).unwrap();
                    canary.wait_for_news();
                }
                byte
            });
            assert_eq!(byte.await.unwrap(), round, "{flavor}");
        }
    });
}

/// Another thread sends a byte whenever the reader has met `WouldBlock`, which is when its clear may race with the event.
#[test]
fn a_byte_sent_at_each_would_block_always_arrives() {
    let rounds = match env::var("REVEILLE_STRESS").as_deref() {
        Ok("full") => 1_000_000,
        _ => 2_000,
    };
    on_every_flavor(|flavor| async move {
        let limit = Duration::from_secs(if rounds > 10_000 { 600 } else { 20 });
        let _watchdog = Watchdog::new("B1: a byte for each WouldBlock", limit);
        let (ours, mut peer) = UnixStream::pair().unwrap();
        let (blocked, blocks) = mpsc::channel();
        let sender = thread::spawn(move || blocks.into_iter().for_each(|()| peer.write_all(b"x").unwrap()));
        let socket = Source::new(ours).unwrap();
        for _ in 0..rounds {
            let mut asked = false;
            let byte = socket.read_with(|stream| {
                let byte = read_byte(stream);
                if byte.is_err() && !asked {
                    asked = true;
                    blocked.send(()).unwrap();
                }
                byte
            });
            assert_eq!(byte.await.unwrap(), b'x');
            assert!(asked, "{flavor}: a byte came that nobody asked for");
        }
        drop(blocked);
        sender.join().unwrap();
    });
}
