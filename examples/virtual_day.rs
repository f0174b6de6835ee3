//! A day in the life of a thousand tasks, in virtual time: it takes a moment, and comes out the same each time.
//!
//! ```console
//! $ cargo run --release --example virtual_day          # on this thread
//! $ cargo run --release --example virtual_day -- 4     # on four workers
//! ```
//!
//! Each task is a machine that reports every few minutes, waits for an answer, and gives up after half a minute. Nothing in
//! [`machine`] knows that time is not real. The last line says how much happened, and a number that stands for all of it, in its
//! order: on one thread it is the same in each run. On several, what happens at the same instant may change places; the
//! number before it does not depend on that.

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reveille::runtime::Builder;
use reveille::time::{Instant, interval, sleep, timeout};

const MACHINES: u64 = 1_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What happened: when, to which machine, and whether it got its answer.
type Log = Arc<Mutex<Vec<(Duration, u64, bool)>>>;

async fn machine(number: u64, start: Instant, log: Log) {
    let mut reports = interval(Duration::from_secs(60 * (10 + number % 50)));
    while reports.tick().await < start + DAY {
        let answer = sleep(Duration::from_millis(number * 7_919 % 40_000));
        let answered = timeout(Duration::from_secs(30), answer).await.is_ok();
        let mut log = log.lock().expect("nobody panics while it is locked");
        log.push((start.elapsed(), number, answered));
    }
}

async fn day() -> Log {
    let (start, log) = (Instant::now(), Log::default());
    let machines: Vec<_> = (0..MACHINES)
        .map(|number| reveille::spawn(machine(number, start, log.clone())))
        .collect();
    for machine in machines {
        machine.await.expect("no machine panics");
    }
    log
}

fn main() -> io::Result<()> {
    let mut builder = match env::args().nth(1) {
        None => Builder::current_thread(),
        Some(workers) => {
            let mut builder = Builder::multi_thread();
            builder.worker_threads(workers.parse().expect("how many workers, as a number"));
            builder
        }
    };
    let runtime = builder.start_paused(true).build()?;
    let really = std::time::Instant::now();
    // As a task: on several threads the future of `block_on` would begin tasks while workers run them.
    let log = runtime
        .block_on(async { reveille::spawn(day()).await })
        .expect("it does not panic");
    let took = really.elapsed();
    let mut log = log.lock().expect("nobody panics while it is locked");
    let in_order = hash(&log);
    log.sort_unstable();
    println!(
        "24 hours took {:.2} s: {} reports, {:016x} sorted, {in_order:016x} in order",
        took.as_secs_f64(),
        log.len(),
        hash(&log),
    );
    Ok(())
}

fn hash(log: &[(Duration, u64, bool)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    log.hash(&mut hasher);
    hasher.finish()
}
