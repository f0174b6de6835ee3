//! The futures of a source.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest, Ready, Registration, Wait};

use super::Inner;
use super::guard::ReadyGuard;

/// The future of [`Source::read_with`](super::Source::read_with).
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct ReadWith<'a, T: AsFd, F> {
    wait: Wait<'a, Inner<T>>,
    operation: F,
}

impl<'a, T: AsFd, F> ReadWith<'a, T, F> {
    #[track_caller]
    pub(super) fn new(registration: &'a Registration<Inner<T>>, operation: F) -> Self {
        let wait = registration.wait(Direction::Read, Location::caller());
        Self { wait, operation }
    }
}

/// The operation stays where it is, but nothing pins it.
impl<T: AsFd, F> Unpin for ReadWith<'_, T, F> {}

impl<T: AsFd, R, F: FnMut(&T) -> io::Result<R>> Future for ReadWith<'_, T, F> {
    type Output = io::Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, operation } = self.get_mut();
        wait.poll_io(cx, |inner| operation(&inner.0))
    }
}

impl<T: AsFd, F> fmt::Debug for ReadWith<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadWith").field(&self.wait).finish()
    }
}

/// The future of [`Source::write_with`](super::Source::write_with).
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct WriteWith<'a, T: AsFd, F> {
    wait: Wait<'a, Inner<T>>,
    operation: F,
}

impl<'a, T: AsFd, F> WriteWith<'a, T, F> {
    #[track_caller]
    pub(super) fn new(registration: &'a Registration<Inner<T>>, operation: F) -> Self {
        let wait = registration.wait(Direction::Write, Location::caller());
        Self { wait, operation }
    }
}

/// The operation stays where it is, but nothing pins it.
impl<T: AsFd, F> Unpin for WriteWith<'_, T, F> {}

impl<T: AsFd, R, F: FnMut(&T) -> io::Result<R>> Future for WriteWith<'_, T, F> {
    type Output = io::Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, operation } = self.get_mut();
        wait.poll_io(cx, |inner| operation(&inner.0))
    }
}

impl<T: AsFd, F> fmt::Debug for WriteWith<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteWith").field(&self.wait).finish()
    }
}

/// The future of [`Source::ready`](super::Source::ready), [`readable`](super::Source::readable) and
/// [`writable`](super::Source::writable).
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct AwaitReady<'a, T: AsFd> {
    registration: &'a Registration<Inner<T>>,
    read: Option<Wait<'a, Inner<T>>>,
    write: Option<Wait<'a, Inner<T>>>,
}

impl<'a, T: AsFd> AwaitReady<'a, T> {
    #[track_caller]
    pub(super) fn new(registration: &'a Registration<Inner<T>>, interest: Interest) -> Self {
        let location = Location::caller();
        let wait = |direction| registration.wait(direction, location);
        Self {
            registration,
            read: interest.is_readable().then(|| wait(Direction::Read)),
            write: interest.is_writable().then(|| wait(Direction::Write)),
        }
    }
}

impl<'a, T: AsFd> Future for AwaitReady<'a, T> {
    type Output = io::Result<ReadyGuard<'a, T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut ready = Ready::EMPTY;
        let mut reported: Option<Interest> = None;
        let halves = [
            (&mut this.read, Interest::READABLE),
            (&mut this.write, Interest::WRITABLE),
        ];
        for (wait, interest) in halves {
            let Some(wait) = wait else { continue };
            if let Poll::Ready(seen) = wait.poll_ready(cx)? {
                ready |= seen;
                reported = Some(reported.map_or(interest, |others| others | interest));
            }
        }
        let Some(reported) = reported else {
            return Poll::Pending;
        };
        Poll::Ready(Ok(ReadyGuard {
            registration: this.registration,
            reported,
            ready,
        }))
    }
}

impl<T: AsFd> fmt::Debug for AwaitReady<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwaitReady")
            .field("read", &self.read)
            .field("write", &self.write)
            .finish()
    }
}
