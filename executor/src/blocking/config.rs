//! What a blocking pool can be told.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::config::{Config, Hook};
use crate::primitive::spawn_thread;
use crate::quiescence::Quiescence;

/// What a new thread runs.
pub(crate) type ThreadMain = Box<dyn FnOnce() + Send>;

/// Starts a thread with that name and stack size.
pub(crate) type StartThread = Box<dyn Fn(&str, Option<usize>, ThreadMain) -> io::Result<()> + Send + Sync>;

/// The settings of a [`BlockingPool`](super::BlockingPool).
pub(crate) struct PoolConfig {
    /// How many threads may run jobs at once; substitutes for workers come on top. At least one.
    pub(crate) max_threads: usize,
    /// How long a thread without work waits for some before it ends.
    pub(crate) keep_alive: Duration,
    /// The name of the pool's threads.
    pub(crate) thread_name: String,
    /// The stack size of the pool's threads in bytes; std's own if `None`.
    pub(crate) thread_stack_size: Option<usize>,
    /// Called on every thread of the pool before its first job.
    pub(crate) on_thread_start: Option<Hook>,
    /// Called on every thread of the pool after its last job.
    pub(crate) on_thread_stop: Option<Hook>,
    /// Told when a thread has no more to run. Weak, since it leads to the driver: the pool lives on in the handles of its jobs, and in
    /// threads that are about to return, when the runtime is gone.
    pub(crate) quiescence: Weak<Quiescence>,
    /// How a thread is started; tests have it fail.
    pub(crate) start_thread: StartThread,
}

impl PoolConfig {
    /// For the pool of a runtime.
    pub(crate) fn new(config: &Config, quiescence: &Arc<Quiescence>) -> Self {
        Self {
            quiescence: Arc::downgrade(quiescence),
            max_threads: config.max_blocking_threads,
            keep_alive: config.thread_keep_alive,
            thread_name: config.blocking_thread_name.clone(),
            thread_stack_size: config.thread_stack_size,
            on_thread_start: config.on_thread_start.clone(),
            on_thread_stop: config.on_thread_stop.clone(),
            ..Self::default()
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_threads: 512,
            keep_alive: Duration::from_secs(10),
            thread_name: "reveille-blocking".to_owned(),
            thread_stack_size: None,
            on_thread_start: None,
            on_thread_stop: None,
            quiescence: Weak::new(),
            start_thread: Box::new(|name, stack_size, main| spawn_thread(name, stack_size, main).map(drop)),
        }
    }
}
