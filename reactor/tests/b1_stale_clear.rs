//! B1: an operation meets `WouldBlock`, and before it has said so there is news. The news must survive, however many
//! events there were and wherever the generation stands.

mod wakes;
mod watchdog;

use std::cell::Cell;
use std::env;
use std::future::poll_fn;
use std::io;
use std::panic::Location;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use reveille_reactor::{Direction, Reactor, Ready, Registration};

use wakes::{Socket, Wakes, pair, read_byte, send};
use watchdog::watched;

/// Just before, at and after where a narrower counter would wrap; and where ours does.
const GENERATIONS: [u64; 5] = [0, 255, 65_535, (1 << 32) - 1, (1 << 56) - 1];

/// Polls a reader whose first attempt blocks after `news` came, and whose second succeeds.
fn read_while(socket: &Registration<Socket>, news: impl Fn()) -> (Poll<io::Result<()>>, usize) {
    let cx = &mut Context::from_waker(Waker::noop());
    let attempts = Cell::new(0);
    let read = |_: &Socket| {
        attempts.set(attempts.get() + 1);
        if attempts.get() > 1 {
            return Ok(());
        }
        news();
        Err(io::ErrorKind::WouldBlock.into())
    };
    let poll = socket.poll_io(Direction::Read, Location::caller(), cx, read);
    (poll, attempts.get())
}

#[test]
fn events_between_the_attempt_and_its_clear_are_not_wiped() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    // The many events are real ones, which takes a while: not from everywhere.
    let few = GENERATIONS.map(|generation| (generation, [1, 255, 256]));
    let many = [(0, [257, 65_535, 65_536]), ((1 << 56) - 1, [257, 65_535, 65_536])];
    for (generation, counts) in few.into_iter().chain(many) {
        for events in counts {
            let socket = Registration::new(pair().0).unwrap();
            socket.preset_generation(Direction::Read, generation);
            socket.inject(Ready::READABLE);
            let (poll, attempts) = read_while(&socket, || {
                (0_u32..events).for_each(|_| socket.inject(Ready::READABLE))
            });
            assert!(
                poll.is_ready() && attempts == 2,
                "{events} events from generation {generation} on were wiped"
            );
        }
    }
}

#[test]
fn four_billion_events_between_the_attempt_and_its_clear_are_not_wiped() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    for events in [1_u64 << 32, (1 << 32) + 1, 1 << 40] {
        let socket = Registration::new(pair().0).unwrap();
        // Readable already; then so often again that the flags are the same and only the generation tells.
        socket.inject(Ready::READABLE);
        let (poll, attempts) = read_while(&socket, || socket.preset_generation(Direction::Read, 1 + events));
        assert!(poll.is_ready() && attempts == 2, "{events} events were wiped");
    }
}

#[test]
fn without_news_the_reader_waits_and_the_next_event_wakes_it() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    for generation in GENERATIONS {
        let socket = Registration::new(pair().0).unwrap();
        socket.preset_generation(Direction::Read, generation);
        let (wakes, waker) = Wakes::new();
        let cx = &mut Context::from_waker(&waker);
        let blocked = |_: &Socket| Err::<(), _>(io::ErrorKind::WouldBlock.into());
        assert!(
            socket
                .poll_io(Direction::Read, Location::caller(), cx, blocked)
                .is_pending()
        );
        assert_eq!(wakes.count(), 0);
        socket.inject(Ready::READABLE);
        assert_eq!(wakes.count(), 1);
    }
}

/// A byte is sent whenever the reader has met `WouldBlock`, which is when its clear may race with the event.
#[test]
fn a_byte_sent_at_each_would_block_always_arrives() {
    let rounds = match env::var("REVEILLE_STRESS").as_deref() {
        Ok("full") => 1_000_000,
        _ => 4_000,
    };
    watched(|| {
        let (reader, writer) = pair();
        let (blocked, blocks) = mpsc::channel();
        let sender = thread::spawn(move || blocks.into_iter().for_each(|()| send(&writer, b"x")));
        let socket = Registration::new(reader).unwrap();
        for _ in 0..rounds {
            let mut wait = socket.wait(Direction::Read, Location::caller());
            let mut asked = false;
            let byte = pollster::block_on(poll_fn(|cx| {
                wait.poll_io(cx, |socket| {
                    let byte = read_byte(socket);
                    if byte.is_err() && !asked {
                        asked = true;
                        blocked.send(()).unwrap();
                    }
                    byte
                })
            }));
            assert_eq!(byte.unwrap(), b'x');
            if !asked {
                // The byte of an earlier round's request cannot come now: each round takes one.
                panic!("a byte came that nobody asked for");
            }
        }
        drop(blocked);
        sender.join().unwrap();
    });
}
