//! What an executor can be told.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::quiescence::OnQuiescent;
use crate::slow_poll::OnSlowPoll;
use crate::task::PanicPolicy;

/// Something to be called on a thread of the runtime.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, mpsc};
/// use reveille_executor::{Config, Hook, MultiThread, ThreadPark};
///
/// # fn main() -> std::io::Result<()> {
/// let (sender, receiver) = mpsc::channel();
/// let hook: Hook = Arc::new(move || sender.send("started").unwrap_or_default());
/// let mut config = Config::default();
/// config.on_thread_start = Some(hook);
/// let executor = MultiThread::new([ThreadPark::new()], config)?;
/// assert_eq!(receiver.recv().unwrap(), "started");
/// # drop(executor);
/// # Ok(())
/// # }
/// ```
pub type Hook = Arc<dyn Fn() + Send + Sync>;

/// Called on each thread of the blocking pool with all that the thread will do, which it must call: it makes whatever
/// belongs to the runtime the thread's own.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use std::sync::Arc;
/// use reveille_executor::{Around, Config, CurrentThread, ThreadPark, spawn_blocking};
///
/// thread_local! {
///     static SETTING: Cell<u32> = const { Cell::new(0) };
/// }
/// let around: Around = Arc::new(|work| {
///     SETTING.set(7);
///     work();
/// });
/// let mut config = Config::default();
/// config.around_blocking = Some(around);
/// let executor = CurrentThread::with_config(ThreadPark::new(), &config);
/// let job = executor.block_on(async { spawn_blocking(|| SETTING.get()).await });
/// assert_eq!(job.unwrap(), 7);
/// ```
pub type Around = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// The settings of an executor: a [`MultiThread`](crate::MultiThread), or a [`CurrentThread`](crate::CurrentThread), which
/// has no workers' threads.
///
/// # Examples
///
/// ```
/// use reveille_executor::{Config, MultiThread, ThreadPark};
///
/// # fn main() -> std::io::Result<()> {
/// let mut config = Config::default();
/// config.thread_name = "my-worker".to_owned();
/// let executor = MultiThread::new([ThreadPark::new()], config)?;
/// # drop(executor);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The name of the workers' threads.
    pub thread_name: String,
    /// The stack size of the workers' threads in bytes; std's own if `None`.
    pub thread_stack_size: Option<usize>,
    /// Called on every worker's thread before it runs a task.
    pub on_thread_start: Option<Hook>,
    /// Called on every worker's thread before it ends.
    pub on_thread_stop: Option<Hook>,
    /// Called on a worker's thread before it goes to sleep. It must not block.
    pub on_thread_park: Option<Hook>,
    /// Called on a worker's thread after it slept. It must not block.
    pub on_thread_unpark: Option<Hook>,
    /// Called when a poll takes longer than [`slow_poll_threshold`](Self::slow_poll_threshold), once for each poll: on the
    /// monitor's thread while it does, or, on a current-thread runtime, by the thread that polled, afterwards. It must not
    /// block. By default a line on stderr says so.
    pub on_slow_poll: Option<OnSlowPoll>,
    /// How long a poll may take before it is reported.
    pub slow_poll_threshold: Duration,
    /// How many threads may run blocking jobs at once, at least one.
    pub max_blocking_threads: usize,
    /// How long a thread of the blocking pool waits for a job before it ends.
    pub thread_keep_alive: Duration,
    /// The name of the blocking pool's threads.
    pub blocking_thread_name: String,
    /// Makes more than the executor current on the threads of the blocking pool.
    pub around_blocking: Option<Around>,
    /// What a panic in a task does, besides ending the task.
    pub panic_policy: PanicPolicy,
    /// Told when nothing runs any more and nothing will by itself: for a clock that is paused.
    pub on_quiescent: Option<Arc<dyn OnQuiescent>>,
    /// Where the runtime was built, for messages.
    pub(crate) location: &'static Location<'static>,
}

impl Default for Config {
    #[track_caller]
    fn default() -> Self {
        Self::at(Location::caller())
    }
}

impl Config {
    /// The default, for a runtime that is built at `location`, which messages name.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::Location;
    /// use reveille_executor::Config;
    ///
    /// /// Messages are to name the caller of this, not this.
    /// #[track_caller]
    /// fn settings() -> Config {
    ///     let mut config = Config::at(Location::caller());
    ///     config.thread_name = "my-worker".to_owned();
    ///     config
    /// }
    /// assert_eq!(settings().thread_name, "my-worker");
    /// ```
    pub fn at(location: &'static Location<'static>) -> Self {
        Self {
            thread_name: "reveille-worker".to_owned(),
            thread_stack_size: None,
            on_thread_start: None,
            on_thread_stop: None,
            on_thread_park: None,
            on_thread_unpark: None,
            on_slow_poll: None,
            slow_poll_threshold: Duration::from_millis(100),
            max_blocking_threads: 512,
            thread_keep_alive: Duration::from_secs(10),
            blocking_thread_name: "reveille-blocking".to_owned(),
            around_blocking: None,
            panic_policy: PanicPolicy::default(),
            on_quiescent: None,
            location,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("thread_name", &self.thread_name)
            .field("thread_stack_size", &self.thread_stack_size)
            .field("slow_poll_threshold", &self.slow_poll_threshold)
            .finish_non_exhaustive()
    }
}
