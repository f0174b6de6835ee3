//! The blocking pool: threads for code that waits in the operating system, so that no worker has to.
//!
//! In reading order:
//!
//! * `state`: **start here**; who is there, what is queued, and the one rule by which no job is lost. No lock, no thread;
//! * `pool`: the lock around it, what callers may ask for;
//! * `thread`: what one thread of the pool does from its start to its end;
//! * `job`: a closure as a task;
//! * `config`, `info`, `keep_alive`: settings, snapshots, and how long an idle thread waits.
//!
//! One queue under one lock, on purpose: a job that is worth a thread costs far more than the lock, and a pool of several
//! queues must answer who looks where before it sleeps.

mod config;
mod info;
mod job;
mod keep_alive;
#[cfg(all(test, loom))]
mod loom_models;
mod pool;
mod state;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod thread;

pub(crate) use config::PoolConfig;
pub use info::JobInfo;
pub(crate) use info::PoolMetrics;
pub(crate) use pool::BlockingPool;
