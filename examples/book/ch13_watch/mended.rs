//! The same four tasks, mended.

use std::future::poll_fn;
use std::sync::Arc;
use std::thread;

use reveille::join;
use reveille::task::{spawn_blocking, yield_now};
use reveille::time::sleep;

use crate::letterbox::Letterbox;
use crate::{LONG, SHORT, STEPS};

// ANCHOR: mended
pub(crate) async fn reads_a_letter(letterbox: Arc<Letterbox>) {
    poll_fn(|cx| letterbox.poll(cx)).await;
}

pub(crate) async fn asks_a_slow_library() {
    spawn_blocking(|| thread::sleep(LONG))
        .await
        .expect("it does not panic");
}

pub(crate) async fn counts() {
    for step in 0..STEPS {
        if step % 10 == 9 {
            yield_now().await;
        }
    }
}

pub(crate) async fn waits_for_two() {
    join!(sleep(SHORT), sleep(LONG));
}
// ANCHOR_END: mended
