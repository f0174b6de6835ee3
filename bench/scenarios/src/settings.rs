//! What the command line and the environment say: on how many workers, and how much of everything.

use std::future::Future;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::Runtime;

/// How many workers the measured runtime has; `None` stands for a current-thread one.
static WORKERS: OnceLock<Option<usize>> = OnceLock::new();

pub(crate) fn set_workers(workers: Option<usize>) {
    WORKERS.set(workers).expect("it is set once");
}

pub(crate) fn workers() -> Option<usize> {
    *WORKERS.get().expect("`run` sets it first")
}

/// Runs `future` in a fresh runtime of the flavor that the command line names.
pub(crate) fn block_on<R: Runtime, F: Future>(future: F) -> F::Output {
    R::block_on(workers(), future)
}

/// How often something is done: a part of `count`, which `BENCH_REPEATS` says (1 unless told). At least once.
pub(crate) fn repeats(count: u64) -> u64 {
    part("BENCH_REPEATS", count)
}

/// How many there are of something whose number is what is measured: a part of `count`, which `BENCH_SIZES` says; 1 but where
/// the programs are only tried.
pub(crate) fn size(count: u64) -> u64 {
    part("BENCH_SIZES", count)
}

/// So many seconds a load lasts: `BENCH_SECONDS`, 1 unless told.
pub(crate) fn seconds() -> f64 {
    environment("BENCH_SECONDS").unwrap_or(1.0)
}

fn part(variable: &str, count: u64) -> u64 {
    let part: f64 = environment(variable).unwrap_or(1.0);
    ((count as f64 * part) as u64).max(1)
}

fn environment<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}
