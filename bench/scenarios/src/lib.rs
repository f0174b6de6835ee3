//! What is measured, written once over a small trait, so that every runtime runs the same code.
//!
//! A runtime is a binary: it implements [`Runtime`] and calls [`run`]. Then `BINARY SCENARIO` measures one scenario in a
//! fresh process and prints one line `metric value` per figure. In reading order: [`Runtime`], `tasks`, `time`, `echo`,
//! `gate` (the channel of the ping-pong), `measure`.

mod echo;
mod gate;
mod measure;
mod tasks;
mod time;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// What a runtime must offer to be measured. All of it happens on one thread.
pub trait Runtime: 'static {
    /// A connection.
    type Stream: Send;
    /// What accepts connections.
    type Listener: Send;
    /// Why a task has no output.
    type JoinError: std::fmt::Debug;
    /// Waits for a task.
    type JoinHandle<T: Send + 'static>: Future<Output = Result<T, Self::JoinError>> + Send;

    /// Runs `future` in a fresh current-thread runtime with its sockets and timers.
    fn block_on<F: Future>(future: F) -> F::Output;
    /// Starts a task.
    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
    /// The runtime's own way to let others run.
    fn yield_now() -> impl Future<Output = ()> + Send;
    /// The runtime's sleep.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
    /// The output of `future`, or `None` once `duration` has passed.
    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send;
    /// Listens on a loopback port that the system chooses.
    fn bind() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;
    /// The next connection.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    /// Reads some bytes.
    fn read(stream: &mut Self::Stream, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;
    /// Writes all bytes.
    fn write_all(stream: &mut Self::Stream, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

/// The `main` of a runtime's binary: measures the scenario that the command line names.
pub fn run<R: Runtime>() {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    let measured = match scenario.as_str() {
        "spawn_join" => tasks::spawn_join::<R>(),
        "spawn_join_in_task" => tasks::spawn_join_in_task::<R>(),
        "spawn_1000_join" => tasks::spawn_many_join::<R>(),
        "self_wake_1" => tasks::self_wake::<R>(1),
        "self_wake_100" => tasks::self_wake::<R>(100),
        "yield_now_1" => tasks::yield_now::<R>(1),
        "yield_now_100" => tasks::yield_now::<R>(100),
        "ping_pong" => tasks::ping_pong::<R>(),
        "timeout_unfired" => time::timeout_unfired::<R>(),
        "sleep_dropped" => time::sleep_dropped::<R>(),
        "echo_1" => echo::echo::<R>(1),
        "echo_64" => echo::echo::<R>(64),
        unknown => {
            eprintln!("no scenario `{unknown}`; `bench-compare --list` names them");
            std::process::exit(2);
        }
    };
    for (metric, value) in measured {
        println!("{metric} {value:.2}");
    }
}
