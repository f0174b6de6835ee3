//! Two tasks of a reveille runtime that talk over a channel of the `futures` crate, which knows of no runtime.
//!
//! Run it with `cargo run -p channel` in `examples/ecosystem`; it prints `sum of 1 to 100: 5050`.

use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt};

fn main() {
    let sum = reveille::block_on(async {
        let (mut sender, receiver) = mpsc::channel::<u32>(4);
        reveille::spawn(async move {
            for number in 1..=100 {
                sender
                    .send(number)
                    .await
                    .expect("the receiver lives until all are sent");
            }
        });
        receiver.fold(0, async |sum, number| sum + number).await
    });
    println!("sum of 1 to 100: {sum}");
}
