//! Exercise 10: the beginning of a message. To chapter 10.
//!
//! `read_exact` waits until a whole message is there. It is in a `select!` with something else, and so it is dropped now and
//! then, and called again. What it had read by then was in its future:
//!
//! ```text
//! "he" went with the future that had read it
//! ```
//!
//! Mend `Messages::read_exact` so that it can be dropped at any await, and nothing is lost.
//!
//! Hint: what a future holds is gone when it is dropped. What it has only borrowed is not.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

struct Messages<'a> {
    source: &'a Source,
}

impl<'a> Messages<'a> {
    fn of(source: &'a Source) -> Self {
        Self { source }
    }

    /// The next message, which has so many bytes.
    async fn read_exact(&mut self, length: usize) -> String {
        let mut message = Vec::new();
        while message.len() < length {
            message.push(self.source.byte().await);
        }
        String::from_utf8(message).expect("the other side sends texts")
    }
}

/// Where bytes come from, one at a time. To wait for one is cancel-safe: it is taken in the poll that returns it.
#[derive(Default)]
struct Source(RefCell<VecDeque<u8>>);

impl Source {
    async fn byte(&self) -> u8 {
        // Who calls this is polled by hand, and needs no waker.
        poll_fn(|_| self.0.borrow_mut().pop_front().map_or(Poll::Pending, Poll::Ready)).await
    }

    fn arrive(&self, bytes: &str) {
        self.0.borrow_mut().extend(bytes.bytes());
    }
}

/// One poll, and then something else was ready first: the future is dropped.
fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_read_that_is_dropped_half_way_loses_nothing() {
    let source = Source::default();
    let mut messages = Messages::of(&source);
    source.arrive("he");
    assert_eq!(poll_once(messages.read_exact(5)), Poll::Pending);
    source.arrive("llo!");
    let message = poll_once(messages.read_exact(5));
    assert_eq!(
        message,
        Poll::Ready("hello".to_owned()),
        "\"he\" went with the future that had read it"
    );
}

#[test]
fn one_message_ends_where_the_next_one_begins() {
    let source = Source::default();
    let mut messages = Messages::of(&source);
    source.arrive("onetwothr");
    assert_eq!(poll_once(messages.read_exact(3)), Poll::Ready("one".to_owned()));
    assert_eq!(poll_once(messages.read_exact(3)), Poll::Ready("two".to_owned()));
    for _ in 0..3 {
        assert_eq!(poll_once(messages.read_exact(5)), Poll::Pending);
    }
    source.arrive("ee");
    assert_eq!(poll_once(messages.read_exact(5)), Poll::Ready("three".to_owned()));
}
