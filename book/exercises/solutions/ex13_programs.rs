//! The programs whose traces exercise 13 gives away. This writes them again, into the folder `ex13`:
//!
//! ```console
//! $ cargo run --manifest-path book/exercises/Cargo.toml --example ex13_programs
//! ```

use std::error::Error;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use reveille::task::{self, JoinHandle, yield_now};
use reveille::time::sleep;
use reveille::trace::trace::Level;
use reveille::trace::{self, Settings};

const MILLISECOND: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn Error>> {
    record("one", wait_cycle())?;
    record("two", blocking_poll())?;
    record("three", self_wake())?;
    record("four", snoozed())?;
    record("five", lost_waker())
}

fn record(name: &str, program: impl Future<Output = ()>) -> Result<(), Box<dyn Error>> {
    trace::start(Settings::default().level(Level::Full))?;
    reveille::block_on(program);
    trace::stop();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ex13");
    Ok(trace::write(folder.join(name).with_extension("json"))?)
}

/// Two tasks, each of which waits for the end of the other one.
async fn wait_cycle() {
    let handed_over = Arc::new(Mutex::new(None::<JoinHandle<()>>));
    let taken = handed_over.clone();
    let ada = spawn("ada", async move {
        sleep(MILLISECOND).await;
        let bert = taken.lock().unwrap().take();
        drop(bert.expect("it was handed over").await);
    });
    let bert = spawn("bert", async move { drop(ada.await) });
    *handed_over.lock().unwrap() = Some(bert);
    spawn("cleo", ticks(3)).await.unwrap();
}

/// A task that sleeps as a thread does.
async fn blocking_poll() {
    let ticking = spawn("ada", ticks(3));
    let bert = spawn("bert", async {
        sleep(MILLISECOND).await;
        thread::sleep(40 * MILLISECOND);
        sleep(MILLISECOND).await;
    });
    ticking.await.unwrap();
    bert.await.unwrap();
}

/// A task that asks again and again whether its time has come.
async fn self_wake() {
    let ada = spawn("ada", ticks(2));
    let bert = spawn("bert", async {
        sleep(MILLISECOND).await;
        for _ in 0..20 {
            yield_now().await;
        }
    });
    ada.await.unwrap();
    bert.await.unwrap();
}

/// A sleep that is over, in a task that waits for another one.
async fn snoozed() {
    let ada = spawn("ada", async {
        let mut first = pin!(sleep(2 * MILLISECOND));
        poll_fn(|cx| {
            let is_over = first.as_mut().poll(cx).is_ready();
            Poll::Ready(is_over)
        })
        .await;
        sleep(150 * MILLISECOND).await;
        first.await;
    });
    let bert = spawn("bert", ticks(3));
    bert.await.unwrap();
    ada.await.unwrap();
}

/// A future that keeps no waker.
async fn lost_waker() {
    let is_lit = Arc::new(AtomicBool::new(false));
    let seen = is_lit.clone();
    drop(spawn("ada", async move {
        sleep(MILLISECOND).await;
        poll_fn(|_| match seen.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }));
    spawn("bert", ticks(3)).await.unwrap();
    is_lit.store(true, Ordering::Release);
    spawn("cleo", ticks(1)).await.unwrap();
}

async fn ticks(count: u32) {
    for _ in 0..count {
        sleep(MILLISECOND).await;
    }
}

#[track_caller]
fn spawn<F>(name: &str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    task::Builder::new().name(name).spawn(future)
}
