//! B15: bursts of jobs at the very moment at which idle threads time out.
//!
//! The jobs of a burst meet at a barrier as wide as the pool. So a burst ends only if it gets every thread it may have:
//! one that is counted on but is about to end, or counted twice, is a hang, which the watchdog reports.
//! `REVEILLE_STRESS=full` runs a million rounds.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use super::watchdog::watched;
use super::{BlockingPool, PoolConfig, end, join, spawn};

const LIMIT: usize = 3;
const KEEP_ALIVE: Duration = Duration::from_micros(40);

fn rounds() -> u64 {
    match std::env::var("REVEILLE_STRESS") {
        Ok(full) if full == "full" => 1_000_000,
        _ => 2_000,
    }
}

/// Bursts of `jobs`, of which as many meet as fill whole generations of the barrier.
fn bursts(jobs: usize) {
    watched(move || {
        let pool = BlockingPool::new(PoolConfig {
            max_threads: LIMIT,
            keep_alive: KEEP_ALIVE,
            ..PoolConfig::default()
        });
        let barrier = Arc::new(Barrier::new(LIMIT));
        let meeting = jobs / LIMIT * LIMIT;
        for round in 0..rounds() {
            let handles: Vec<_> = (0..jobs)
                .map(|job| {
                    let barrier = barrier.clone();
                    spawn(&pool, move || {
                        if job < meeting {
                            barrier.wait();
                        }
                    })
                })
                .collect();
            for handle in handles {
                join(handle).expect("the job ran");
            }
            // Around the moment at which the threads, idle since a little after this, time out.
            let pause = KEEP_ALIVE / 32 * u32::try_from(round * 7 % 64).expect("a remainder");
            let begun = Instant::now();
            while begun.elapsed() < pause {
                std::hint::spin_loop();
            }
        }
        end(&pool);
    });
}

#[test]
fn b15_bursts_of_as_many_jobs_as_threads() {
    bursts(LIMIT);
}

#[test]
fn b15_bursts_of_one_job_more_than_threads() {
    bursts(LIMIT + 1);
}

#[test]
fn b15_bursts_of_twice_as_many_jobs_as_threads() {
    bursts(2 * LIMIT);
}
