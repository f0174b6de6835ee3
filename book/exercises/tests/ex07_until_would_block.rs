//! Exercise 7: the bytes that nobody fetched. To chapter 7.
//!
//! A reactor tells a task when something has *happened* to its socket, and not what there is: the event is for the bytes that have
//! come, and it comes once. Here the kernel is a model of that. `receive` takes four bytes for each event. With messages of
//! four bytes that works, and the longer one hangs:
//!
//! ```text
//! 8 bytes lie in the socket, and the task waits for an event that has been
//! ```
//!
//! Mend `receive`. It is to be woken as often as there are events, and no oftener: no timer, no `wake_by_ref`.
//!
//! Hint: when may a task wait for the next event? When the system has said that there is nothing more.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Reads until so many bytes have come.
async fn receive(socket: &Socket, length: usize) -> Vec<u8> {
    let mut received = Vec::new();
    let mut buffer = [0; 4];
    while received.len() < length {
        socket.event().await;
        if let Ok(count) = socket.read(&mut buffer) {
            received.extend_from_slice(&buffer[..count]);
        }
    }
    received
}

/// A socket, and what the reactor knows of it.
#[derive(Default)]
struct Socket {
    bytes: RefCell<Vec<u8>>,
    has_event: RefCell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Socket {
    /// Waits for an event, and uses it up.
    async fn event(&self) {
        poll_fn(|cx| {
            if self.has_event.replace(false) {
                return Poll::Ready(());
            }
            *self.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// What there is, if there is anything: `WouldBlock` otherwise.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        bytes.drain(..count);
        Ok(count)
    }

    /// The other side has sent something: one event.
    fn arrive(&self, bytes: &[u8]) {
        self.bytes.borrow_mut().extend_from_slice(bytes);
        *self.has_event.borrow_mut() = true;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a task has received that reads as long as it is woken, and how often it was polled.
fn receive_all(arrivals: &[&[u8]]) -> (Vec<u8>, u32) {
    let socket = Socket::default();
    let length = arrivals.iter().map(|arrival| arrival.len()).sum();
    let mut received = pin!(receive(&socket, length));
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut arrivals = arrivals.iter();
    let mut polls = 0;
    loop {
        while woken.0.swap(false, Ordering::Relaxed) {
            polls += 1;
            if let Poll::Ready(received) = received.as_mut().poll(&mut Context::from_waker(&waker)) {
                return (received, polls);
            }
        }
        let Some(arrival) = arrivals.next() else {
            let left = socket.bytes.borrow().len();
            panic!("{left} bytes lie in the socket, and the task waits for an event that has been");
        };
        socket.arrive(arrival);
    }
}

#[test]
fn short_messages_are_received() {
    let (received, polls) = receive_all(&[b"one ", b"two "]);
    assert_eq!((received.as_slice(), polls), (b"one two ".as_slice(), 3));
}

#[test]
fn a_long_message_is_received() {
    let (received, polls) = receive_all(&[b"twelve bytes"]);
    assert_eq!((received.as_slice(), polls), (b"twelve bytes".as_slice(), 2));
}
