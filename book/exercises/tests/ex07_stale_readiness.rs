//! Exercise 7, the second one: the wiped slate. To chapter 7. A broken runtime: what is cleared is newer than what was read.
//!
//! A reactor notes that a socket is ready, so that a task need not wait for an event that has come already. When a read finds
//! nothing (`WouldBlock`), the note is wrong, and the reader clears it. Between those two the reactor may have been at work, on
//! another thread:
//!
//! 1. the reader reads: `WouldBlock`;
//! 2. bytes arrive, and the reactor notes an event;
//! 3. the reader clears the note, and waits.
//!
//! For those bytes there is one event, and its note is gone:
//!
//! ```text
//! an event that came after the read was wiped: the reader sleeps beside its bytes
//! ```
//!
//! Mend `Readiness`, and what `read` does with it. There is no lock to be held during the read: it is a system call.
//!
//! Hint: the reader may clear what it saw *before* it read, and nothing newer. How can it tell the two apart? How many bits may that
//! take, if somebody may be away for long?

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Readiness {
    is_ready: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Readiness {
    /// The reactor's: an event has come.
    fn set(&self) {
        self.is_ready.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The reader's: there was nothing.
    fn clear(&self) {
        self.is_ready.set(false);
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_ready.get() {
            return Poll::Ready(());
        }
        *self.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

async fn read(socket: &Socket) -> usize {
    loop {
        poll_fn(|cx| socket.readiness.poll_ready(cx)).await;
        if let Some(count) = socket.try_read() {
            return count;
        }
        socket.readiness.clear();
    }
}

#[derive(Default)]
struct Socket {
    readiness: Readiness,
    bytes: Cell<usize>,
    /// What arrives while somebody is in the next call of `try_read`, just after the system has looked.
    arrives_during_read: Cell<usize>,
}

impl Socket {
    /// The system call; `None` is `WouldBlock`.
    fn try_read(&self) -> Option<usize> {
        let found = self.bytes.take();
        self.arrive(self.arrives_during_read.take());
        (found > 0).then_some(found)
    }

    fn arrive(&self, count: usize) {
        if count > 0 {
            self.bytes.set(self.bytes.get() + count);
            self.readiness.set();
        }
    }
}

#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A socket that is said to be ready, but is empty.
fn presumed_ready() -> Socket {
    let socket = Socket::default();
    socket.readiness.set();
    socket
}

#[test]
fn an_event_after_the_read_is_not_wiped() {
    let socket = presumed_ready();
    socket.arrives_during_read.set(5);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut read = pin!(read(&socket));
    let polled = read.as_mut().poll(&mut cx);
    let is_told = polled.is_ready() || wakes.0.load(Ordering::Relaxed) > 0;
    assert!(
        is_told,
        "an event that came after the read was wiped: the reader sleeps beside its bytes"
    );
    assert!(polled == Poll::Ready(5) || read.poll(&mut cx) == Poll::Ready(5));
}

#[test]
fn an_event_before_the_read_is_cleared() {
    let socket = presumed_ready();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut read = pin!(read(&socket));
    assert_eq!(read.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0, "it asks again and again");
    socket.arrive(3);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert_eq!(read.poll(&mut cx), Poll::Ready(3));
}
