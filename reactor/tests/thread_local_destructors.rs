//! Waiting while a thread's locals are destroyed: its reactor is current no more, so the fallback is.
// Elsewhere they go in no order that a test could rely on: on Windows the reactor may still be current.
#![cfg(unix)]

mod wakes;

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::Location;
use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use reveille_reactor::{Direction, Handle, Reactor, Registration};
use wakes::{Socket, pair, poll_byte, read_byte, send};

/// Far above what anything here takes.
const WATCHDOG: Duration = Duration::from_secs(30);

struct Late(Box<dyn FnMut()>);

impl Drop for Late {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
}

/// Does `before` on a thread whose reactor is that of `handle`, and `late` when that is current no more.
fn in_a_destructor(
    handle: Handle,
    before: impl FnOnce() + Send + 'static,
    late: impl FnMut() + Send + 'static,
) {
    thread::spawn(move || {
        // What is set up first is destroyed last.
        LATE.with(|slot| *slot.borrow_mut() = Some(Late(Box::new(late))));
        drop(Handle::replace_current(Some(handle)));
        before();
    });
}

#[test]
fn a_destructor_waits_for_a_socket_that_the_fallback_has_already() {
    let reactor = Reactor::new().unwrap();
    let (ours, _peer) = pair();
    let socket = Arc::new(Registration::<Socket>::new(ours).unwrap());
    assert!(
        poll_byte(&socket, Waker::noop()).is_pending(),
        "with the fallback"
    );
    let (done, result) = mpsc::channel();
    in_a_destructor(
        reactor.handle(),
        || (),
        move || {
            done.send(format!("{:?}", poll_byte(&socket, Waker::noop())))
                .unwrap()
        },
    );
    assert_eq!(result.recv_timeout(WATCHDOG).unwrap(), "Pending");
}

#[test]
fn a_destructor_waits_by_way_of_the_fallback_for_a_socket_of_the_reactor_that_is_current_no_more() {
    // Nobody drives it.
    let reactor = Reactor::new().unwrap();
    let (ours, peer) = pair();
    let socket = Arc::new(Registration::<Socket>::new(ours).unwrap());
    let (done, result) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let first = socket.clone();
    in_a_destructor(
        reactor.handle(),
        move || assert!(poll_byte(&first, Waker::noop()).is_pending()),
        move || {
            assert!(Handle::current().is_none());
            let mut wait = socket.wait(Direction::Read, Location::caller());
            let read = pollster::block_on(poll_fn(|cx| {
                let polled = wait.poll_io(cx, read_byte);
                if polled.is_pending() {
                    begin.send(()).unwrap();
                }
                polled
            }));
            done.send(format!("{read:?}")).unwrap();
        },
    );
    begun.recv_timeout(WATCHDOG).unwrap();
    send(&peer, b"x");
    let read = result
        .recv_timeout(WATCHDOG)
        .expect("watchdog: it relies on a reactor that nobody drives");
    assert_eq!(read, "Ok(120)");
}
