//! A future is a value: nothing in it runs until somebody polls it. Chapter 1 of the book.
//!
//! ```console
//! $ cargo run --example ch01_lazy
//! ```

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

// ANCHOR: answer
async fn answer() -> u32 {
    println!("    answer: begins");
    let _guard = SaysGoodbye;
    Later { asked: false }.await;
    println!("    answer: goes on");
    42
}
// ANCHOR_END: answer

// ANCHOR: main
fn main() {
    let future = answer();
    println!("made it, and nothing in it has run");

    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    println!("first poll:");
    let polled = future.as_mut().poll(&mut cx);
    println!("    it is {polled:?}");
    println!("second poll:");
    let polled = future.as_mut().poll(&mut cx);
    println!("    it is {polled:?}");
    // ANCHOR_END: main

    // ANCHOR: dropped
    println!("one that is dropped half-way:");
    let mut future = Box::pin(answer());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    drop(future);

    println!("one that is dropped before its first poll:");
    drop(answer());
    println!("    nothing to see");
    // ANCHOR_END: dropped
}

// ANCHOR: later
/// Not ready when it is asked first, ready when it is asked again.
struct Later {
    asked: bool,
}

impl Future for Later {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.asked {
            return Poll::Ready(());
        }
        self.asked = true;
        // "Ask again." Nobody listens yet: the waker of this chapter does nothing.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
// ANCHOR_END: later

/// Shows when what a future holds is dropped.
struct SaysGoodbye;

impl Drop for SaysGoodbye {
    fn drop(&mut self) {
        println!("    answer: its variables are dropped");
    }
}
