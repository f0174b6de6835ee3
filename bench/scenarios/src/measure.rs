//! Wall time and processor time per operation, and memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// The figures of one run: a name and a value each, less is better in all of them.
pub type Figures = Vec<(&'static str, f64)>;

/// A running measurement.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch {
    wall: Instant,
    processor: u128,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            processor: processor_nanoseconds(),
            wall: Instant::now(),
        }
    }

    /// What has passed since the start, per operation.
    pub(crate) fn per_operation(&self, operations: u64) -> Figures {
        let wall = self.wall.elapsed().as_nanos() as f64 / operations as f64;
        vec![
            ("wall_ns", wall),
            ("cpu_ns", self.processor_per_operation(operations)),
        ]
    }

    /// The nanoseconds of processor time since the start, per operation.
    pub(crate) fn processor_per_operation(&self, operations: u64) -> f64 {
        (processor_nanoseconds() - self.processor) as f64 / operations as f64
    }
}

/// Processor time of this process, all threads, without its children.
fn processor_nanoseconds() -> u128 {
    nanoseconds_of(ClockId::ProcessCPUTime)
}

/// Processor time of this thread.
pub(crate) fn thread_nanoseconds() -> u128 {
    nanoseconds_of(ClockId::ThreadCPUTime)
}

fn nanoseconds_of(clock: ClockId) -> u128 {
    let time = clock_gettime(clock);
    time.tv_sec as u128 * 1_000_000_000 + time.tv_nsec as u128
}

/// Bytes of this process that are in memory.
pub fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("a number of pages");
    pages * rustix::param::page_size()
}
