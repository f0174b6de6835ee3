//! A reactor that closes between a waiter's attaching and the keeping of its waker, while somebody else attaches the
//! socket to another reactor: being attached again must not pass for being attached where one waits.
#![cfg(unix)]

mod wakes;

use std::cell::RefCell;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use reveille_reactor::{Direction, Reactor, Registration, is_shutdown};
use wakes::{pair, poll_byte};

thread_local! {
    /// What happens in the very window: a waker is cloned there.
    static ON_CLONE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());

fn clone(_: *const ()) -> RawWaker {
    if let Some(hook) = ON_CLONE.take() {
        hook();
    }
    RawWaker::new(ptr::null(), &VTABLE)
}

#[test]
fn the_close_is_not_missed() {
    let ours = Reactor::new().unwrap();
    let other = Reactor::new().unwrap();
    let (stream, _peer) = pair();
    let socket = Arc::new(Registration::new(stream).unwrap());
    let _entered = ours.handle().enter();
    ON_CLONE.set(Some(Box::new({
        let (socket, elsewhere) = (socket.clone(), other.handle());
        move || {
            drop(ours);
            let _entered = elsewhere.enter();
            let blocked = |_: &UnixStream| Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(
                socket
                    .poll_io(Direction::Write, Location::caller(), cx, blocked)
                    .is_pending()
            );
        }
    })));
    // SAFETY: the table's functions have no use for the data.
    let waker = unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &VTABLE)) };
    match poll_byte(&socket, &waker) {
        Poll::Ready(Err(error)) => assert!(is_shutdown(&error), "{error}"),
        other => panic!("nobody would ever wake this: {other:?}"),
    }
}
