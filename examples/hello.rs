//! The smallest program: a future run to its end, a task beside it, and a sleep.
//!
//! ```console
//! $ cargo run --example hello
//! ```

use std::time::Duration;

use reveille::time::sleep;

fn main() {
    // A future does nothing until it is polled. `block_on` polls this one, and meanwhile every task it spawns.
    let total = reveille::block_on(async {
        // The task starts to run when this code waits for the first time, not here.
        let slow = reveille::spawn(async {
            sleep(Duration::from_millis(20)).await;
            println!("world");
            20
        });
        println!("hello");
        sleep(Duration::from_millis(10)).await;
        // Both slept at the same time, on one thread. A task's output comes back through its handle; the error is
        // the task's panic, or that it was aborted.
        10 + slow.await.expect("the task does not panic")
    });
    println!("slept {total} ms in all");
}
