//! Everything that a multi-thread runtime does, at once and for long: tasks that are spawned, joined, aborted, stolen and
//! woken from elsewhere, timers, sockets, local tasks, threads in `block_on`, blocking jobs, workers that are blocked,
//! runtimes that are shut down while they work.
//!
//! `bench-soak [SECONDS [WORKERS [SEED]]]`. Each kind of work is an actor, which checks what it gets and counts its rounds.
//! The watchdog ends the process, with a dump of all actors and of the runtime's metrics, if one of them has made no round
//! for twenty seconds. In reading order: `actor`, `tasks`, `sockets`, `threads`, and `gate`, the channel that they use.

mod actor;
mod gate;
mod random;
mod sockets;
mod tasks;
mod threads;

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::process::exit;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use reveille::runtime::{Builder, Runtime};

use actor::Cast;

/// So long an actor may take for one round, on a machine that does other things too.
const STALL: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(600), |text| text.parse())?;
    let workers: usize = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let seed: u64 = match arguments.next() {
        Some(text) => text.parse()?,
        None => RandomState::new().hash_one(seconds),
    };
    println!("{seconds} s on {workers} workers, seed {seed}");
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        default(info);
        eprintln!("soak: failed, seed {seed}");
        exit(1);
    }));

    let runtime = Builder::multi_thread()
        .worker_threads(workers)
        // Blocked workers are a part of this.
        .on_slow_poll(|_| {})
        .build()?;
    let cast = Arc::new(Cast::new(runtime.handle().clone(), workers, seed));
    tasks::start(&cast);
    sockets::start(&cast);
    threads::start(&cast);
    watch(&cast, &runtime, Duration::from_secs(seconds));
    cast.stop();
    watch_the_end(&cast, &runtime);
    for line in cast.lines() {
        println!("{line}");
    }
    let metrics = runtime.metrics();
    println!(
        "{} tasks, {} of them alive; {} blocking jobs",
        metrics.tasks_spawned, metrics.tasks_alive, metrics.blocking.jobs_run
    );
    let report = runtime.shutdown(STALL);
    if !report.is_complete() {
        eprintln!("soak: the runtime did not shut down, seed {seed}: {report:#?}");
        exit(1);
    }
    Ok(())
}

/// For as long as it is to last.
fn watch(cast: &Cast, runtime: &Runtime, duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        thread::sleep(Duration::from_millis(500));
        if cast.has_stalled(STALL) {
            fail(cast, runtime);
        }
    }
}

/// Until every actor has left.
fn watch_the_end(cast: &Cast, runtime: &Runtime) {
    let start = Instant::now();
    while !cast.has_left() {
        thread::sleep(Duration::from_millis(20));
        if start.elapsed() > STALL {
            fail(cast, runtime);
        }
    }
}

fn fail(cast: &Cast, runtime: &Runtime) -> ! {
    eprintln!("soak: stalled, seed {}", cast.seed);
    for line in cast.lines() {
        eprintln!("{line}");
    }
    eprintln!("{:#?}", runtime.metrics());
    exit(1);
}
