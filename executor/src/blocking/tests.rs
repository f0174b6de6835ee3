//! The blocking pool's behaviour, on threads of the system.

mod b15_bursts;
mod failed_starts;
mod jobs;
mod threads;
#[path = "../../tests/watchdog/mod.rs"]
mod watchdog;

use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::{BlockingPool, PoolConfig};
use crate::primitive::spawn_thread;
use crate::task::{JoinError, JoinHandle};

/// A pool of that many threads, which stay.
fn pool_of(max_threads: usize) -> Arc<BlockingPool> {
    BlockingPool::new(PoolConfig {
        max_threads,
        keep_alive: Duration::MAX,
        ..PoolConfig::default()
    })
}

#[track_caller]
fn spawn<R: Send + 'static>(
    pool: &Arc<BlockingPool>,
    closure: impl FnOnce() -> R + Send + 'static,
) -> JoinHandle<R> {
    pool.spawn_blocking(closure, Location::caller(), None)
}

fn join<R>(handle: JoinHandle<R>) -> Result<R, JoinError> {
    pollster::block_on(handle)
}

/// Occupies a thread of the pool until the sender is dropped. Returns once the job runs.
fn occupy(pool: &Arc<BlockingPool>) -> (Sender<()>, JoinHandle<()>) {
    let (release, released) = channel::<()>();
    let (began, has_begun) = channel();
    let job = spawn(pool, move || {
        began.send(()).unwrap();
        let _ = released.recv();
    });
    has_begun.recv().expect("the job began");
    (release, job)
}

/// Starts threads, but for those attempts, counted from 0, for which `fails` is true. Counts the attempts.
fn failing(
    fails: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> (super::config::StartThread, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = attempts.clone();
    let start = move |name: &str, stack_size: Option<usize>, main: super::config::ThreadMain| {
        if fails(counter.fetch_add(1, Ordering::Relaxed)) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        spawn_thread(name, stack_size, main).map(drop)
    };
    (Box::new(start), attempts)
}

fn end(pool: &BlockingPool) {
    pool.close();
    assert!(pool.wait_for_end(None));
    assert_eq!(pool.metrics().threads, 0);
}
