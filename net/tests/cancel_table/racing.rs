//! Connecting to several addresses, dropped at every step of the race: with one attempt, with two, and when one has won.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::task::{Poll, Waker};
use std::time::Duration;

use reveille_net::TcpStream;
use reveille_timer::{Clock, Timers};

use crate::hand::{Hand, poll};

/// How long each attempt is given before the next one begins.
const DELAY: Duration = Duration::from_millis(250);

/// A listener that answers no more, as its queue is full; and whom it is full of.
fn deaf() -> (socket2::Socket, SocketAddr, std::net::TcpStream) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let queued = std::net::TcpStream::connect(address).unwrap();
    (socket, address, queued)
}

#[test]
fn a_race_that_is_dropped_leaves_no_attempt_and_no_timer() {
    let (_deaf, deaf, _queued) = deaf();
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap();
    let mut hand = Hand::new();
    let clock = Clock::new_paused();
    let mut timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
    let _entered = timers.handle().enter();
    // What is under way after so many steps: sockets, and timers for the next one.
    for (steps, under_way) in [(0, (0, 0)), (1, (1, 1)), (2, (2, 1)), (3, (3, 0)), (4, (1, 0))] {
        let mut connect = TcpStream::connect(&[deaf, deaf, open][..]);
        let mut connected = None;
        for step in 1..=steps {
            if step == 2 || step == 3 {
                clock.advance_to(clock.now() + DELAY);
                timers.advance(&mut Vec::new());
            }
            hand.settle();
            if let Poll::Ready(stream) = poll(&mut connect) {
                connected = Some(stream.unwrap());
            }
        }
        // The losers have gone with the race.
        assert_eq!(connected.is_some(), steps == 4);
        let now = (hand.handle().registrations(), timers.handle().len());
        assert_eq!(now, under_way, "after {steps} steps");
        drop((connect, connected));
        let left = (hand.handle().registrations(), timers.handle().len());
        assert_eq!(left, (0, 0), "after {steps} steps");
        assert!(hand.handle().waits().is_empty(), "after {steps} steps");
    }
}
