//! Futures that may not leave their thread, in tasks whose wakers may.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::primitive::thread_local;

/// A future that is polled and dropped only on the thread that made it: rule E, checked at every access, so that
/// no mistake in a queue can turn into a data race.
pub(crate) struct HomeBound<F> {
    thread: u64,
    future: ManuallyDrop<F>,
}

impl<F> HomeBound<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            thread: this_thread(),
            future: ManuallyDrop::new(future),
        }
    }

    /// Takes the number alone: a reference to all of it would be one to the future too, which may hold references to
    /// itself that nobody else may pass by.
    fn assert_home(thread: u64) {
        assert!(
            thread == this_thread(),
            "a local task was touched on another thread: a bug in reveille"
        );
    }
}

impl<F: Future> Future for HomeBound<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: rule F.
        let bound = unsafe { self.get_unchecked_mut() };
        Self::assert_home(bound.thread);
        // SAFETY: rule F.
        let future = unsafe { Pin::new_unchecked(&mut *bound.future) };
        future.poll(cx)
    }
}

impl<F> Drop for HomeBound<F> {
    fn drop(&mut self) {
        // On the wrong thread the future is leaked and the panic reported.
        Self::assert_home(self.thread);
        // SAFETY: rule F: dropped once, here.
        unsafe { ManuallyDrop::drop(&mut self.future) }
    }
}

// SAFETY: rule E: the future is polled and dropped only on the thread that made it, whoever moves this around; every
// access checks it.
unsafe impl<F> Send for HomeBound<F> {}

/// A future that is made where it will stay, by a closure that is sent there.
pub(crate) enum MadeThere<M, F> {
    /// Not polled yet; taken by the first poll.
    Closure(Option<M>),
    Future(HomeBound<F>),
}

impl<M, F> MadeThere<M, F> {
    pub(crate) fn new(make: M) -> Self {
        Self::Closure(Some(make))
    }
}

impl<M, F> Future for MadeThere<M, F>
where
    M: FnOnce() -> F,
    F: Future,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: rule F for the future, once it is made; the closure is never pinned.
        let this = unsafe { self.get_unchecked_mut() };
        if let Self::Closure(make) = this {
            let make = make.take().expect("a task is not polled again after it panicked");
            *this = Self::Future(HomeBound::new(make()));
        }
        match this {
            // SAFETY: rule F.
            Self::Future(future) => unsafe { Pin::new_unchecked(future) }.poll(cx),
            Self::Closure(_) => unreachable!("it was replaced above"),
        }
    }
}

/// A number that no other thread ever has; unlike an address, also not after this one has ended.
fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    THREAD.with(|number| {
        if number.get() == 0 {
            // Relaxed: only uniqueness matters.
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

thread_local! {
    static THREAD: std::cell::Cell<u64> = std::cell::Cell::new(0);
}
