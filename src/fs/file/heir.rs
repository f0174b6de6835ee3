//! Who gets the system's file when nobody needs it any more.

use std::fs::File as StdFile;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Told from where the last one gives the file up, which may be a job.
#[derive(Default)]
pub(super) struct Heir(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Nothing,
    Waiting(Waker),
    Given(StdFile),
}

impl Heir {
    pub(super) fn give(&self, std: StdFile) {
        let before = mem::replace(&mut *lock(&self.0), State::Given(std));
        if let State::Waiting(waker) = before {
            waker.wake();
        }
    }

    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<StdFile> {
        // Not under the lock: cloning a waker runs foreign code, and so does dropping one.
        let waker = cx.waker().clone();
        let mut state = lock(&self.0);
        let before = mem::take(&mut *state);
        if let State::Given(std) = before {
            drop(state);
            return Poll::Ready(std);
        }
        *state = State::Waiting(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
