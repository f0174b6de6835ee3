//! A server that runs out of file descriptors gets the system's error, and serves on when there are some again.
//!
//! The limit is the process's, so the test runs itself once more, in a process with a low one.
#![cfg(unix)]

mod hand;
mod watchdog;

use std::env;
use std::fs::File;
use std::net;
use std::process::Command;
use std::task::{Poll, Waker};
use std::thread;

use reveille_net::AcceptPolicy;
use reveille_timer::Timers;

use hand::{Hand, poll};
use watchdog::watched;

const FEW: &str = "REVEILLE_TEST_FEW_DESCRIPTORS";

/// `EMFILE`: the same number on every Unix.
const TOO_MANY_OPEN_FILES: i32 = 24;

#[test]
fn a_listener_serves_on_after_running_out_of_descriptors() {
    if env::var_os(FEW).is_some() {
        return watched(with_few_descriptors);
    }
    with_few("a_listener_serves_on_after_running_out_of_descriptors");
}

#[test]
fn incoming_waits_for_descriptors_and_says_so_once() {
    if env::var_os(FEW).is_some() {
        return watched(incoming_with_few_descriptors);
    }
    let text = with_few("incoming_waits_for_descriptors_and_says_so_once");
    let lines = text.lines().filter(|line| line.starts_with("reveille: "));
    assert_eq!(lines.count(), 1, "{text}");
}

#[test]
fn the_fallback_reactor_starts_when_there_are_descriptors_again() {
    if env::var_os(FEW).is_some() {
        return watched(fallback_with_few_descriptors);
    }
    with_few("the_fallback_reactor_starts_when_there_are_descriptors_again");
}

/// Runs that test once more, and returns what it wrote to stderr.
fn with_few(test: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FEW, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "with few descriptors: {text}");
    text
}

fn with_few_descriptors() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let mut accept = listener.accept();
    assert!(poll(&mut accept).is_pending());
    let (old, mut old_peer) = hand.pair();
    let address = listener.local_addr().unwrap();
    let _clients = [(); 2].map(|()| net::TcpStream::connect(address).unwrap());
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }

    let error = hand.finish(&mut accept).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(TOO_MANY_OPEN_FILES));
    // As often as one asks, and at once: the clients are still waiting.
    for _ in 0..3 {
        let Poll::Ready(Err(error)) = poll(&mut listener.accept()) else {
            panic!("the error made the listener deaf");
        };
        assert_eq!(error.raw_os_error(), Some(TOO_MANY_OPEN_FILES));
    }
    std::io::Write::write_all(&mut old_peer, b"x").unwrap();
    assert_eq!(
        hand.finish(old.read(&mut [0; 8])).unwrap(),
        1,
        "others are served"
    );

    // Room for one: served without any new event from the system.
    drop(files.pop());
    let Poll::Ready(Ok(served)) = poll(&mut listener.accept()) else {
        panic!("there is room and a client");
    };
    assert!(matches!(poll(&mut listener.accept()), Poll::Ready(Err(_))));
    drop(served);
    let Poll::Ready(Ok(_)) = poll(&mut listener.accept()) else {
        panic!("there is room and a client");
    };
    assert!(poll(&mut listener.accept()).is_pending());
}

fn incoming_with_few_descriptors() {
    let mut hand = Hand::new();
    let mut timers = Timers::new(Waker::noop().clone());
    let _entered = timers.handle().enter();
    let listener = hand::listener();
    let mut incoming = listener.incoming(AcceptPolicy::default());
    assert!(poll(&mut incoming.accept()).is_pending());
    let (old, mut old_peer) = hand.pair();
    let address = listener.local_addr().unwrap();
    let _client = net::TcpStream::connect(address).unwrap();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }

    for _ in 0..4 {
        hand.settle();
        assert!(poll(&mut incoming.accept()).is_pending());
        assert_eq!(timers.handle().len(), 1, "it waits, and will not be woken before");
        assert!(hand.handle().waits().is_empty());
        std::io::Write::write_all(&mut old_peer, b"x").unwrap();
        assert_eq!(
            hand.finish(old.read(&mut [0; 8])).unwrap(),
            1,
            "others are served"
        );
        pass(&mut timers);
    }
    // Room for one: served without any new event from the system.
    drop(files.pop());
    let Poll::Ready(Ok((_served, _))) = poll(&mut incoming.accept()) else {
        panic!("there is room and a client");
    };
    assert!(timers.handle().is_empty());
    drop(files);
    assert!(poll(&mut incoming.accept()).is_pending());
    assert!(timers.handle().is_empty(), "nobody is short of anything");
}

fn fallback_with_few_descriptors() {
    let (stream, mut peer) = hand::pair();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    let all = files.len();
    // With one more each time, until they suffice for what the reactor needs: an attempt in vain leaves nothing open.
    let mut buffer = [0; 8];
    let mut free = 0;
    loop {
        match poll(&mut stream.read(&mut buffer)) {
            Poll::Ready(outcome) => {
                let error = outcome.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(TOO_MANY_OPEN_FILES), "{error}");
            }
            Poll::Pending => break,
        }
        while let Ok(file) = File::open("/dev/null") {
            files.push(file);
        }
        assert_eq!(files.len(), all, "with {free} free descriptors");
        free += 1;
        files.truncate(all - free);
    }
    assert!(free > 0, "it was there before");
    let reader = thread::spawn(move || pollster::block_on(stream.read(&mut [0; 8])));
    std::io::Write::write_all(&mut peer, b"x").unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), 1);
}

/// Lets the next timer's time come.
fn pass(timers: &mut Timers) {
    let mut woken = Vec::new();
    while woken.is_empty() {
        thread::sleep(timers.wait().expect("there is a timer"));
        timers.advance(&mut woken);
    }
}
