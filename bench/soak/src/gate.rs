//! A value that one gives and another waits for.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

pub(crate) struct Gate<T>(Mutex<State<T>>);

struct State<T> {
    value: Option<T>,
    waiting: Option<Waker>,
}

impl<T> Gate<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            value: None,
            waiting: None,
        }))
    }

    pub(crate) fn give(&self, value: T) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.value = Some(value);
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    pub(crate) async fn take(&self) -> T {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = state.value.take() {
                return Poll::Ready(value);
            }
            let before = state.waiting.replace(context.waker().clone());
            drop(state);
            drop(before);
            Poll::Pending
        })
        .await
    }
}
