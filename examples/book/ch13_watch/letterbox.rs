//! A letterbox that one task waits for, and another one fills.

use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub(crate) struct Letterbox(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    letter: Option<&'static str>,
    waker: Option<Waker>,
}

impl Letterbox {
    pub(crate) fn deliver(&self, letter: &'static str) {
        let mut inside = self.inside();
        inside.letter = Some(letter);
        let waker = inside.waker.take();
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the letter, if there is one.
    pub(crate) fn look(&self) -> Option<&'static str> {
        self.inside().letter.take()
    }

    /// The same, and leaves the waker if there is none.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let mut inside = self.inside();
        if let Some(letter) = inside.letter.take() {
            return Poll::Ready(letter);
        }
        let stale = inside.waker.replace(cx.waker().clone());
        drop(inside);
        drop(stale);
        Poll::Pending
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("nothing panics in here")
    }
}
