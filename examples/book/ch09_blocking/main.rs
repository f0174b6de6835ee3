//! What a task that does not return does to others, and a pool of threads for code that blocks. Chapter 9 of the book.
//!
//! ```console
//! $ cargo run --example ch09_blocking
//! $ cargo run --example ch09_blocking -- --trace trace.html      # all but the computation as the recorder's page; also .json
//! ```

mod join;
mod parker;
mod pool;
mod runtime;
#[allow(dead_code, reason = "other chapters have more to tell")]
#[path = "../story.rs"]
mod story;
mod timers;

use std::collections::HashSet;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use join::JoinHandle;
use runtime::{block_on, pool, spawn, spawn_blocking, yield_now};
use timers::sleep;

fn main() -> ExitCode {
    story::told(|| {
        story::by_the_machine();
        block_on(4, async {
            sleep_on_the_loop().await;
            sleep_in_the_pool().await;
            wait_for_ticks().await;
        });
        // The other task runs thousands of times.
        story::untold(|| block_on(4, compute()));
        fill_the_pool();
        wait_for_a_job_in_a_job();
        block_on(1, async {
            panic_in_a_job().await;
            drop_a_handle().await;
        });
    })
}

// ANCHOR: ticker
const BETWEEN_TICKS: Duration = Duration::from_millis(5);
const JOB: Duration = Duration::from_millis(30);

/// A task that ticks five times, and tells each time. How late was its worst tick?
fn ticker() -> (JoinHandle<Duration>, Receiver<()>) {
    let (tick, ticks) = mpsc::channel();
    (spawn("ticker", tell_ticks(tick)), ticks)
}

async fn tell_ticks(tick: Sender<()>) -> Duration {
    let mut worst = Duration::ZERO;
    for _ in 0..5 {
        let due = Instant::now() + BETWEEN_TICKS;
        sleep(BETWEEN_TICKS).await;
        worst = worst.max(due.elapsed());
        // Whether anybody listens is not the ticker's business.
        let _ = tick.send(());
    }
    worst
}
// ANCHOR_END: ticker

// ANCHOR: on_the_loop
async fn sleep_on_the_loop() {
    println!("30 ms on the loop:");
    let (ticker, ticks) = ticker();
    // The ticker begins, and sets its first timer.
    yield_now().await;
    thread::sleep(JOB);
    println!("    ticks meanwhile: {}", ticks.try_iter().count());
    println!("    the worst tick was {} late", milliseconds(ticker.await));
}
// ANCHOR_END: on_the_loop

// ANCHOR: in_the_pool
async fn sleep_in_the_pool() {
    println!("30 ms in the pool:");
    let (ticker, ticks) = ticker();
    yield_now().await;
    spawn_blocking(|| thread::sleep(JOB)).await.unwrap();
    println!("    ticks meanwhile: {}", ticks.try_iter().count());
    println!("    the worst tick was {} late", milliseconds(ticker.await));
}
// ANCHOR_END: in_the_pool

fn milliseconds(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

// ANCHOR: wait_for_ticks
/// On the loop this would be for ever: it would wait for a task that waits for it to return.
async fn wait_for_ticks() {
    println!("a job that blocks until the third tick:");
    let (ticker, ticks) = ticker();
    let job = spawn_blocking(move || ticks.iter().take(3).count());
    println!("    it has heard {} ticks", job.await.unwrap());
    ticker.await;
}
// ANCHOR_END: wait_for_ticks

// ANCHOR: compute
const PIECES: u64 = 10;
const NUMBERS: u64 = 100_000;

async fn compute() {
    println!("a long computation, and how often another task ran meanwhile:");
    let turns = Arc::new(AtomicU32::new(0));
    let other = spawn("other", count_turns(turns.clone()));

    let before = turns.load(Ordering::Relaxed);
    let whole = sum_of_squares(0..NUMBERS);
    println!("    in one piece: {}", turns.load(Ordering::Relaxed) - before);

    let before = turns.load(Ordering::Relaxed);
    let mut sum = 0;
    for piece in 0..PIECES {
        let length = NUMBERS / PIECES;
        sum += sum_of_squares(piece * length..(piece + 1) * length);
        yield_now().await;
    }
    println!(
        "    in {PIECES} pieces: {}",
        turns.load(Ordering::Relaxed) - before
    );

    let before = turns.load(Ordering::Relaxed);
    let in_the_pool = spawn_blocking(|| sum_of_squares(0..NUMBERS)).await.unwrap();
    println!("    in the pool: {}", turns.load(Ordering::Relaxed) - before);
    assert_eq!([sum, in_the_pool], [whole; 2]);
    turns.store(ENOUGH, Ordering::Relaxed);
    other.await;
}

/// Runs again and again, and gives all others a turn in between.
async fn count_turns(turns: Arc<AtomicU32>) {
    while turns.load(Ordering::Relaxed) < ENOUGH {
        turns.fetch_add(1, Ordering::Relaxed);
        yield_now().await;
    }
}
// ANCHOR_END: compute

/// More turns than it ever has.
const ENOUGH: u32 = u32::MAX / 2;

fn sum_of_squares(numbers: std::ops::Range<u64>) -> u64 {
    numbers.map(|number| number * number).sum()
}

// ANCHOR: bounded
const THREADS: usize = 4;
const JOBS: usize = 100;

fn fill_the_pool() {
    println!("{JOBS} jobs, {THREADS} threads at most:");
    let threads = block_on(THREADS, async {
        let seen = Arc::new(Mutex::new(HashSet::<ThreadId>::new()));
        // Nobody leaves it before four are there: so there are four at once.
        let barrier = Arc::new(Barrier::new(THREADS));
        let jobs: Vec<_> = (0..JOBS)
            .map(|_| {
                let (seen, barrier) = (seen.clone(), barrier.clone());
                spawn_blocking(move || {
                    seen.lock().unwrap().insert(thread::current().id());
                    barrier.wait();
                })
            })
            .collect();
        for job in jobs {
            job.await.unwrap();
        }
        seen.lock().unwrap().len()
    });
    println!("    all have run, by {threads} threads");
}
// ANCHOR_END: bounded

// ANCHOR: job_in_a_job
fn wait_for_a_job_in_a_job() {
    println!("a job that needs another one, and a pool of one thread:");
    block_on(1, async {
        let pool = pool();
        let outer = spawn_blocking(move || {
            let inner = pool.submit(|| "the inner one's result");
            let (running, waiting) = pool.jobs();
            println!("    in the outer one: {running} runs, {waiting} waits");
            // To block here for the inner one would be for ever. The handle is given to somebody who can wait.
            inner
        });
        let inner = outer.await.unwrap();
        println!("    in a task: {}", inner.await.unwrap());
    });
}
// ANCHOR_END: job_in_a_job

// ANCHOR: panic
async fn panic_in_a_job() {
    println!("a job that panics:");
    let handle = spawn_blocking(|| {
        // As `panic!`, without a message on the terminal.
        panic::resume_unwind(Box::new("no such file"))
    });
    let outcome: thread::Result<()> = handle.await;
    let text = outcome.unwrap_err().downcast_ref::<&str>().copied();
    println!("    who waits for it gets {text:?}");
    let next = spawn_blocking(|| 6 * 7).await.unwrap();
    println!("    and the thread goes on: {next}");
}
// ANCHOR_END: panic

// ANCHOR: dropped
async fn drop_a_handle() {
    println!("a job whose handle is dropped:");
    let (tell, told) = mpsc::channel();
    drop(spawn_blocking(move || tell.send("runs all the same")));
    println!(
        "    it {}",
        spawn_blocking(move || told.recv()).await.unwrap().unwrap()
    );
}
// ANCHOR_END: dropped
