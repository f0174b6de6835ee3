//! Connecting to several addresses: which are tried when, who wins, and that the losers are gone.
//!
//! An address that does not answer is a listener whose queue is full: Linux lets its clients wait.
#![cfg(target_os = "linux")]

mod hand;
mod watchdog;

use std::fs;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;

use reveille_net::TcpStream;
use reveille_timer::Timers;

use hand::{Hand, closed_port, poll};
use watchdog::watched;

/// One test at a time: they count the descriptors of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whoever connects to it waits, as long as this lives.
struct Silent {
    _full: socket2::Socket,
    _queued: net::TcpStream,
    address: SocketAddr,
}

fn silent() -> Silent {
    let (full, address) = closed_port();
    full.listen(0).unwrap();
    Silent {
        _full: full,
        _queued: net::TcpStream::connect(address).unwrap(),
        address,
    }
}

fn open() -> (net::TcpListener, SocketAddr) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Time that passes only when the test says so.
fn standing_clock() -> Timers {
    Timers::new(Waker::noop().clone())
}

/// Lets the next timer's time come, and no more.
fn pass(timers: &mut Timers) {
    let mut woken = Vec::new();
    while woken.is_empty() {
        thread::sleep(timers.wait().expect("there is a timer"));
        timers.advance(&mut woken);
    }
}

#[test]
fn an_address_that_does_not_answer_does_not_keep_the_next_from_winning() {
    watched(|| {
        let _alone = alone();
        let (silent, (_listener, open)) = (silent(), open());
        let stream = pollster::block_on(TcpStream::connect([silent.address, open])).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
    });
}

#[test]
fn a_refused_address_leads_to_the_next_at_once() {
    let _alone = alone();
    let mut hand = Hand::new();
    let timers = standing_clock();
    let _entered = timers.handle().enter();
    let ((_socket, closed), (_listener, open)) = (closed_port(), open());
    let stream = hand
        .finish(TcpStream::connect([closed, closed, open, closed]))
        .unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
    assert!(timers.handle().is_empty());
}

#[test]
fn an_address_that_cannot_even_be_tried_leads_to_the_next_at_once() {
    let _alone = alone();
    let mut hand = Hand::new();
    let timers = standing_clock();
    let _entered = timers.handle().enter();
    let (_listener, open) = open();
    // The system refuses to begin: to no one's network, or to a broadcast address.
    let nowhere: SocketAddr = "255.255.255.255:80".parse().unwrap();
    let stream = hand.finish(TcpStream::connect([nowhere, open])).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[test]
fn a_failure_in_the_midst_of_the_delay_ends_it() {
    let _alone = alone();
    let mut hand = Hand::new();
    let mut timers = standing_clock();
    let _entered = timers.handle().enter();
    let ((_socket, closed), silent, (_listener, open)) = (closed_port(), silent(), open());
    let mut connect = TcpStream::connect([silent.address, closed, open]);
    assert!(poll(&mut connect).is_pending());
    pass(&mut timers);
    // The second is begun by the delay, the third because the second has failed.
    let stream = hand.finish(&mut connect).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[test]
fn attempts_are_begun_one_by_one_and_a_timer_runs_only_while_one_is_left() {
    let _alone = alone();
    let mut hand = Hand::new();
    let mut timers = standing_clock();
    let _entered = timers.handle().enter();
    let holes = [silent(), silent(), silent()];
    let before = descriptors();

    let mut connect = TcpStream::connect(holes[0].address);
    assert!(poll(&mut connect).is_pending());
    assert!(timers.handle().is_empty(), "a single address needs no timer");
    drop(connect);

    let addresses = holes.each_ref().map(|hole| hole.address);
    let mut connect = TcpStream::connect(addresses);
    for running in 1..=3 {
        for _ in 0..3 {
            assert!(poll(&mut connect).is_pending());
            hand.settle();
        }
        assert_eq!(descriptors(), before + running);
        assert_eq!(hand.handle().registrations(), running);
        assert_eq!(timers.handle().len(), usize::from(running < 3));
        if running < 3 {
            pass(&mut timers);
        }
    }
    drop(connect);
    assert_eq!(descriptors(), before, "dropping closes all attempts");
    assert_eq!(hand.handle().registrations(), 0);
    assert!(hand.handle().waits().is_empty());
}

#[test]
fn the_losers_are_closed_when_the_winner_is_known() {
    let _alone = alone();
    let mut hand = Hand::new();
    let mut timers = standing_clock();
    let _entered = timers.handle().enter();
    let (holes, (_listener, open)) = ([silent(), silent()], open());
    let before = descriptors();
    let mut connect = TcpStream::connect([holes[0].address, holes[1].address, open]);
    for _ in 0..2 {
        assert!(poll(&mut connect).is_pending());
        pass(&mut timers);
    }
    let stream = hand.finish(&mut connect).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
    assert_eq!(descriptors(), before + 1, "the winner's");
    assert_eq!(hand.handle().registrations(), 1);
    assert!(hand.handle().waits().is_empty() && timers.handle().is_empty());
}

#[test]
fn dropping_it_at_every_poll_leaves_nothing() {
    let _alone = alone();
    let mut hand = Hand::new();
    let mut timers = standing_clock();
    let _entered = timers.handle().enter();
    let ((_socket, closed), silent, (_listener, open)) = (closed_port(), silent(), open());
    let before = descriptors();
    let mut connected = 0;
    for polls in 0..6 {
        let mut connect = TcpStream::connect([silent.address, closed, open]);
        for poll_number in 0..polls {
            if poll(&mut connect).is_ready() {
                connected += 1;
                break;
            }
            if poll_number == 0 {
                pass(&mut timers);
            }
            hand.settle();
        }
        drop(connect);
        assert_eq!(descriptors(), before, "after {polls} polls");
        assert_eq!(hand.handle().registrations(), 0);
        assert!(timers.handle().is_empty());
    }
    assert!((1..6).contains(&connected), "both were to be seen: {connected}");
}

#[test]
fn if_all_fail_the_error_is_of_the_last_ones_kind_and_names_each_with_its_own() {
    let _alone = alone();
    let mut hand = Hand::new();
    let (_socket, closed) = closed_port();
    let nowhere: SocketAddr = "255.255.255.255:80".parse().unwrap();
    let error = hand.finish(TcpStream::connect([nowhere, closed])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let text = error.to_string();
    for address in [nowhere, closed] {
        let alone = hand.finish(TcpStream::connect(address)).unwrap_err();
        assert!(text.contains(&format!("{address}: {alone}")), "{text}");
    }
}
