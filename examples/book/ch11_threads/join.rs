//! Waiting for a task's output, as in chapter 5.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

pub(crate) struct JoinHandle<T>(Arc<Mutex<Outcome<T>>>);

pub(crate) struct Promise<T>(Arc<Mutex<Outcome<T>>>);

struct Outcome<T> {
    output: Option<T>,
    joiner: Option<Waker>,
}

pub(crate) fn promise<T>() -> (Promise<T>, JoinHandle<T>) {
    let outcome = Arc::new(Mutex::new(Outcome {
        output: None,
        joiner: None,
    }));
    (Promise(outcome.clone()), JoinHandle(outcome))
}

impl<T> Promise<T> {
    pub(crate) fn keep(self, output: T) {
        let mut outcome = self.0.lock().unwrap();
        outcome.output = Some(output);
        let joiner = outcome.joiner.take();
        drop(outcome);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut outcome = self.0.lock().unwrap();
        if let Some(output) = outcome.output.take() {
            return Poll::Ready(output);
        }
        outcome.joiner = Some(cx.waker().clone());
        Poll::Pending
    }
}
