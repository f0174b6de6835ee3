//! An `async fn` is an enum with a `poll`: here is one that the compiler wrote, beside the same by hand. Chapter 2 of the book.
//!
//! ```console
//! $ cargo run --example ch02_state_machine
//! ```

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

// ANCHOR: compiler
async fn sum() -> u32 {
    let first = Number::new(20).await;
    let second = Number::new(22).await;
    first + second
}
// ANCHOR_END: compiler

// ANCHOR: states
/// The same by hand: a variant for each place where it can stand still, which holds what is needed from there on.
#[derive(Debug)]
enum Sum {
    Start,
    FirstAwait { number: Number },
    SecondAwait { first: u32, number: Number },
    Done,
}
// ANCHOR_END: states

// ANCHOR: poll
impl Future for Sum {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        loop {
            match &mut *self {
                Sum::Start => {
                    let number = Number::new(20);
                    *self = Sum::FirstAwait { number };
                }
                Sum::FirstAwait { number } => {
                    let first = ready!(Pin::new(number).poll(cx));
                    let number = Number::new(22);
                    *self = Sum::SecondAwait { first, number };
                }
                Sum::SecondAwait { first, number } => {
                    let second = ready!(Pin::new(number).poll(cx));
                    let sum = *first + second;
                    *self = Sum::Done;
                    return Poll::Ready(sum);
                }
                Sum::Done => panic!("polled after it was ready"),
            }
        }
    }
}
// ANCHOR_END: poll

fn main() {
    println!("by hand:");
    let mut by_hand = Sum::Start;
    let mut cx = Context::from_waker(Waker::noop());
    println!("    made      {by_hand:?}");
    let mut polls = 0;
    let by_hand_sum = loop {
        polls += 1;
        let polled = Pin::new(&mut by_hand).poll(&mut cx);
        println!("    poll {polls}    {by_hand:?}");
        if let Poll::Ready(sum) = polled {
            break sum;
        }
    };
    println!("    {by_hand_sum} after {polls} polls");

    let (compiler_sum, polls) = poll_until_ready(sum());
    println!("the compiler's: {compiler_sum} after {polls} polls");

    // ANCHOR: sizes
    let across = size_of_val(&buffer_across_the_await());
    let before = size_of_val(&buffer_before_the_await());
    println!("a buffer of 1024 bytes in use across an await: the future has {across} bytes");
    println!("the same buffer, gone before the await:        the future has {before} bytes");
    assert!(across > 1024 && before < 64);
    // ANCHOR_END: sizes
}

fn poll_until_ready<F: Future>(future: F) -> (F::Output, u32) {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    let mut polls = 0;
    loop {
        polls += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return (output, polls);
        }
    }
}

// ANCHOR: buffers
async fn buffer_across_the_await() -> u32 {
    let buffer = [1_u8; 1024];
    let number = Number::new(20).await;
    number + sum_of(&buffer)
}

async fn buffer_before_the_await() -> u32 {
    let sum = {
        let buffer = [1_u8; 1024];
        sum_of(&buffer)
    };
    Number::new(20).await + sum
}
// ANCHOR_END: buffers

fn sum_of(bytes: &[u8]) -> u32 {
    bytes.iter().map(|&byte| u32::from(byte)).sum()
}

/// A number that is not ready when it is asked for first, as `Later` of chapter 1.
#[derive(Debug)]
struct Number {
    value: u32,
    asked: bool,
}

impl Number {
    fn new(value: u32) -> Self {
        Self { value, asked: false }
    }
}

impl Future for Number {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        if self.asked {
            return Poll::Ready(self.value);
        }
        self.asked = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
