//! A waker that counts, a poll by hand, and a watchdog.
#![allow(dead_code)] // Every test takes what it needs.

use std::hint;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), count.into())
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Runs `test` on a thread of its own, and fails if it hangs. Generous: threads that meet thousands of times take long on a
/// machine with other work.
pub(crate) fn watchdog(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    match finished.recv_timeout(Duration::from_secs(rounds(60, 600) as u64)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the test hangs"),
        _ => thread.join().unwrap(),
    }
}

/// Where two threads wait for each other, as closely as it can be done: none of them sleeps.
#[derive(Default)]
pub(crate) struct Meeting(AtomicUsize);

impl Meeting {
    pub(crate) fn meet(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        while self.0.load(Ordering::SeqCst) < 2 {
            hint::spin_loop();
            thread::yield_now();
        }
    }
}

/// A little while, other in every round.
pub(crate) fn dawdle(round: usize) {
    for _ in 0..round % 64 {
        hint::spin_loop();
    }
}

/// How many rounds a test makes: few by default, all with `REVEILLE_STRESS=full`.
pub(crate) fn rounds(few: usize, all: usize) -> usize {
    let full = std::env::var_os("REVEILLE_STRESS").is_some_and(|value| value == "full");
    if full { all } else { few }
}
