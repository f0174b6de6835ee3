//! Waiting for a task, and why it may have no output.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::contained::Payload;

// ANCHOR: error
#[derive(Debug)]
pub(crate) enum JoinError {
    /// Its future was dropped before it was ready.
    Cancelled,
    /// What it panicked with.
    Panic(String),
}

impl From<Payload> for JoinError {
    fn from(payload: Payload) -> Self {
        let message = match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => payload.downcast::<&str>().map_or_else(
                |_| "something that is no text".to_owned(),
                |message| (*message).to_owned(),
            ),
        };
        Self::Panic(message)
    }
}
// ANCHOR_END: error

pub(crate) struct JoinHandle<T>(Arc<Mutex<Outcome<T>>>);

/// The other end, which lies in the task's future.
pub(crate) struct Promise<T>(Option<Arc<Mutex<Outcome<T>>>>);

struct Outcome<T> {
    result: Option<Result<T, JoinError>>,
    joiner: Option<Waker>,
}

pub(crate) fn promise<T>() -> (Promise<T>, JoinHandle<T>) {
    let outcome = Arc::new(Mutex::new(Outcome {
        result: None,
        joiner: None,
    }));
    (Promise(Some(outcome.clone())), JoinHandle(outcome))
}

// ANCHOR: promise
impl<T> Promise<T> {
    pub(crate) fn keep(mut self, result: Result<T, Payload>) {
        self.end(result.map_err(JoinError::from));
    }

    fn end(&mut self, result: Result<T, JoinError>) {
        let Some(outcome) = self.0.take() else { return };
        let mut outcome = outcome.lock().unwrap();
        outcome.result = Some(result);
        let joiner = outcome.joiner.take();
        drop(outcome);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }
}

/// If it was not kept, it was dropped with its future.
impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.end(Err(JoinError::Cancelled));
    }
}
// ANCHOR_END: promise

impl<T> JoinHandle<T> {
    pub(crate) fn take_result(&self) -> Option<Result<T, JoinError>> {
        self.0.lock().unwrap().result.take()
    }

    /// Waits until the task is over, and leaves its result where it is.
    pub(crate) async fn ended(&self) {
        poll_fn(|cx| {
            let mut outcome = self.0.lock().unwrap();
            if outcome.result.is_some() {
                return Poll::Ready(());
            }
            outcome.joiner = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut outcome = self.0.lock().unwrap();
        if let Some(result) = outcome.result.take() {
            return Poll::Ready(result);
        }
        outcome.joiner = Some(cx.waker().clone());
        Poll::Pending
    }
}
