//! What a panic in a task does, besides ending the task.

// BOOK: ch12
/// What a runtime does when one of its tasks panics. Whatever it is, who joins the task gets the payload.
///
/// # Examples
///
/// ```
/// use reveille_executor::{Config, CurrentThread, PanicPolicy, ThreadPark, spawn};
///
/// let mut config = Config::default();
/// config.panic_policy = PanicPolicy::Store;
/// CurrentThread::with_config(ThreadPark::new(), &config).block_on(async {
///     // Nothing is printed but what the panic hook says.
///     drop(spawn(async { panic!("never mind") }));
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum PanicPolicy {
    /// Nothing: the payload is kept for who joins the task, else dropped.
    Store,
    /// If nobody joins the task, one line on stderr says that it panicked, and where it was spawned.
    #[default]
    LogIfUnjoined,
    /// A line on stderr, and the runtime shuts down: its tasks are cancelled, and each `block_on` on it panics, also those
    /// that come later.
    ShutdownRuntime,
    /// A line on stderr, and the process aborts.
    Abort,
}
