//! Waiting for readiness without a transfer.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest, Ready, Registration, Wait};

use crate::socket::Socket;

/// The future of `readable`.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Readable<'a, S: Socket> {
    wait: Wait<'a, S::Source>,
}

impl<'a, S: Socket> Readable<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S) -> Self {
        let wait = socket.registration().wait(Direction::Read, Location::caller());
        Self { wait }
    }
}

impl<S: Socket> Future for Readable<'_, S> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.poll_ready(cx).map_ok(drop)
    }
}

/// The future of `writable`.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Writable<'a, S: Socket> {
    wait: Wait<'a, S::Source>,
}

impl<'a, S: Socket> Writable<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S) -> Self {
        let wait = socket.registration().wait(Direction::Write, Location::caller());
        Self { wait }
    }
}

impl<S: Socket> Future for Writable<'_, S> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.poll_ready(cx).map_ok(drop)
    }
}

/// The future of `ready`.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Readiness<'a, S: Socket> {
    read: Option<Wait<'a, S::Source>>,
    write: Option<Wait<'a, S::Source>>,
}

impl<'a, S: Socket> Readiness<'a, S> {
    #[track_caller]
    pub(crate) fn new(socket: &'a S, interest: Interest) -> Self {
        let location = Location::caller();
        let wait = |direction| socket.registration().wait(direction, location);
        Self {
            read: interest.is_readable().then(|| wait(Direction::Read)),
            write: interest.is_writable().then(|| wait(Direction::Write)),
        }
    }
}

impl<S: Socket> Future for Readiness<'_, S> {
    type Output = io::Result<Ready>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut ready = Ready::EMPTY;
        for wait in [&mut this.read, &mut this.write].into_iter().flatten() {
            if let Poll::Ready(seen) = wait.poll_ready(cx)? {
                ready |= seen;
            }
        }
        if ready.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(ready))
    }
}

/// `try_io` for both directions at once: calls `operation` if one of those in `interest` may be ready, and takes its
/// `WouldBlock` to be about all of them.
pub(crate) fn try_io<S: Socket, T>(
    socket: &S,
    interest: Interest,
    operation: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    try_once(socket.registration(), interest, |source| {
        S::guard(source, operation)
    })
}

/// As [`try_io`], for an operation that is to see the source.
pub(crate) fn try_once<S: reveille_reactor::Source, T>(
    registration: &Registration<S>,
    interest: Interest,
    operation: impl FnOnce(&S) -> io::Result<T>,
) -> io::Result<T> {
    match (interest.is_readable(), interest.is_writable()) {
        (true, true) => {
            let mut operation = Some(operation);
            try_both(registration, |source| match operation.take() {
                Some(operation) => operation(source),
                None => Err(io::ErrorKind::WouldBlock.into()),
            })
        }
        (true, false) => registration.try_io(Direction::Read, operation),
        (false, _) => registration.try_io(Direction::Write, operation),
    }
}

/// What is known of both directions is looked up before the call, and so only that is cleared by its `WouldBlock`.
fn try_both<S: reveille_reactor::Source, T>(
    registration: &Registration<S>,
    mut call: impl FnMut(&S) -> io::Result<T>,
) -> io::Result<T> {
    let mut called = false;
    let outcome = registration.try_io(Direction::Read, |source| {
        let outcome = registration.try_io(Direction::Write, |source| {
            called = true;
            call(source)
        });
        if called {
            return outcome;
        }
        called = true;
        call(source)
    });
    if called {
        return outcome;
    }
    registration.try_io(Direction::Write, call)
}
