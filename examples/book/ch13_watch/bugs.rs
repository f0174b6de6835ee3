//! Four tasks, each with a bug that compiles, and that no test of its output finds.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

use reveille::task::yield_now;
use reveille::time::sleep;

use crate::letterbox::Letterbox;
use crate::{LONG, SHORT, STEPS};

// ANCHOR: bugs
pub(crate) async fn reads_a_letter(letterbox: Arc<Letterbox>) {
    poll_fn(|_| match letterbox.look() {
        Some(letter) => Poll::Ready(letter),
        None => Poll::Pending,
    })
    .await;
}

pub(crate) async fn asks_a_slow_library() {
    thread::sleep(LONG);
}

pub(crate) async fn counts() {
    for _step in 0..STEPS {
        yield_now().await;
    }
}

pub(crate) async fn waits_for_two() {
    let mut first = pin!(sleep(SHORT));
    let mut second = pin!(sleep(LONG));
    // Begins with the first one, so that both run at the same time.
    poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_ready())).await;
    second.as_mut().await;
    first.await;
}
// ANCHOR_END: bugs
