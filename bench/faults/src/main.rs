//! Both ends of connections on which things go wrong; what `ci/faults` and `ci/echo-endurance` run.
//!
//! ```text
//! bench-faults serve ADDRESS [WORKERS]                         an echo that checks; a line of input asks for its figures
//! bench-faults talk ADDRESS CONNECTIONS BYTES SEED [WORKERS]   so many bytes each way on each, every one checked
//! bench-faults silence ADDRESS EACH [WORKERS]                  connections whose peer vanishes at the next line of input
//! bench-faults resets ADDRESS EACH [WORKERS]                   connections that are reset at the next line, until another one
//! bench-faults chat ADDRESS MEMBERS LINES [WORKERS]            members of the chat example, who are reset later on
//! bench-faults load ADDRESS SECONDS SEED                       clients of every manner, good and bad, at a moderate pace
//! ```
//!
//! Without WORKERS on a current-thread runtime. Each fails if a byte is lost, doubled or wrong, if a task is stuck (by a
//! watchdog), or if descriptors or tasks are left in the end.

mod chat;
mod load;
#[path = "../../../tests/faults/pattern.rs"]
mod pattern;
mod resets;
mod serve;
mod silence;
mod talk;

use std::error::Error;
use std::fs;
use std::process::exit;
use std::thread;
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", address, ref workers @ ..] => serve::serve(&runtime(workers)?, address)?,
        ["talk", address, connections, bytes, seed, ref workers @ ..] => {
            watch(Duration::from_secs(180));
            let talk = talk::talk(address, connections.parse()?, bytes.parse()?, seed.parse()?);
            leaving_nothing(workers, talk)?;
        }
        ["silence", address, each, ref workers @ ..] => {
            watch(Duration::from_secs(90));
            leaving_nothing(workers, silence::silence(address, each.parse()?))?;
        }
        ["resets", address, each, ref workers @ ..] => {
            watch(Duration::from_secs(90));
            leaving_nothing(workers, resets::resets(address, each.parse()?))?;
        }
        ["chat", address, members, lines, ref workers @ ..] => {
            watch(Duration::from_secs(120));
            leaving_nothing(workers, chat::chat(address, members.parse()?, lines.parse()?))?;
        }
        ["load", address, seconds, seed] => {
            let duration = Duration::from_secs(seconds.parse()?);
            watch(duration + Duration::from_secs(60));
            leaving_nothing(&[], load::load(address, duration, seed.parse()?))?;
        }
        _ => {
            eprintln!(
                "usage: bench-faults serve|talk|silence|resets|chat|load ADDRESS …, see the head of its source"
            );
            exit(2);
        }
    }
    Ok(())
}

/// The runtime that these arguments ask for.
fn runtime(workers: &[&str]) -> Result<Runtime, Box<dyn Error>> {
    let workers = workers.first().map_or(Ok(0), |text| text.parse())?;
    let runtime = match workers {
        0 => Builder::current_thread().build(),
        _ => Builder::multi_thread().worker_threads(workers).build(),
    };
    Ok(runtime?)
}

/// Runs `work`; fails if there are more open descriptors behind it than before.
fn leaving_nothing(
    workers: &[&str],
    work: impl Future<Output = std::io::Result<()>>,
) -> Result<(), Box<dyn Error>> {
    let before = open_descriptors();
    let runtime = runtime(workers)?;
    runtime.block_on(work)?;
    let tasks = runtime.metrics().tasks_alive;
    // This waits for its threads, so that what they held is closed.
    drop(runtime);
    let after = open_descriptors();
    println!("left: {tasks} tasks, {after} descriptors, before it began {before}");
    if tasks > 0 || after != before {
        return Err("something is left open".into());
    }
    Ok(())
}

/// Waits for a line of input.
async fn next_line() -> std::io::Result<()> {
    let line = reveille::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    line.await.map_err(std::io::Error::other)?.map(drop)
}

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Ends the process, if that is not over by then.
fn watch(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit);
        eprintln!("watchdog: not done within {limit:?}");
        exit(1);
    });
}
