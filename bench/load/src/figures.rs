//! How long answers took, and how they are told.

use std::time::{Duration, Instant};

pub(crate) struct Figures {
    start: Instant,
    latencies: Vec<u32>,
}

impl Figures {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        Self {
            latencies: Vec::with_capacity(1 << 20),
            start: Instant::now(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn add(&mut self, latency: Duration) {
        self.latencies
            .push(latency.as_nanos().try_into().unwrap_or(u32::MAX));
    }

    /// To be called as soon as the last answer is there: whoever measures takes the time at the first line.
    pub(crate) fn print(mut self) {
        let wall = self.start.elapsed().as_nanos() as f64;
        println!("operations {}", self.latencies.len());
        self.latencies.sort_unstable();
        let microseconds = |part: f64| {
            let index = (self.latencies.len().saturating_sub(1) as f64 * part) as usize;
            self.latencies
                .get(index)
                .map_or(0.0, |&nanoseconds| f64::from(nanoseconds) / 1e3)
        };
        println!("wall_ns {:.1}", wall / self.latencies.len() as f64);
        println!("p50_us {:.2}", microseconds(0.5));
        println!("p99_us {:.2}", microseconds(0.99));
        println!("worst_us {:.2}", microseconds(1.0));
    }
}
