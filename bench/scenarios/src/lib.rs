//! What is measured, written once over a small trait, so that every runtime runs the same code.
//!
//! A runtime is a binary: it implements [`Runtime`] and calls [`run`]. Then `BINARY SCENARIO` measures one scenario in a
//! fresh process and prints one line `metric value` per figure; `BINARY SCENARIO 2` does so on two workers. In reading order:
//! [`Runtime`], `tasks`, `fork`, `time`, `sleeps`, `timeouts`, `echo`, `stuck`, `idle`, `gate` (the channel of the ping-pong), `measure`.

mod counting;
mod echo;
mod fork;
mod gate;
mod idle;
mod many;
mod measure;
mod random;
mod sleeps;
mod stuck;
mod tasks;
mod time;
mod timeouts;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub use counting::Counting;
pub use many::serve_many;

/// What a runtime must offer to be measured.
pub trait Runtime: 'static {
    /// A connection.
    type Stream: Send;
    /// What accepts connections.
    type Listener: Send;
    /// Why a task has no output.
    type JoinError: std::fmt::Debug;
    /// Waits for a task.
    type JoinHandle<T: Send + 'static>: Future<Output = Result<T, Self::JoinError>> + Send;
    /// A sleep that can be given another deadline.
    type Sleep: Future<Output = ()> + Send;
    /// Spawns from threads that are not the runtime's.
    type Handle: Send + Sync;

    /// Runs `future` in a fresh runtime with its sockets and timers: a multi-thread one with so many workers, or a
    /// current-thread one.
    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output;
    /// Of the runtime that this thread is in.
    fn handle() -> Self::Handle;
    /// Starts a task from anywhere.
    fn spawn_with<F>(handle: &Self::Handle, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
    /// Starts a task.
    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
    /// The runtime's own way to let others run.
    fn yield_now() -> impl Future<Output = ()> + Send;
    /// The runtime's sleep.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
    /// The same until an instant.
    fn sleep_until(deadline: Instant) -> Self::Sleep;
    /// Gives a sleep another deadline.
    fn reset(sleep: Pin<&mut Self::Sleep>, deadline: Instant);
    /// Keeps no budget for `future`: it may do as much in one poll as it likes.
    fn unconstrained<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send;
    /// The output of `future`, or `None` once `duration` has passed.
    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send;
    /// Listens on a loopback port that the system chooses.
    fn bind() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;
    /// Takes over a listener of std.
    fn listen(listener: std::net::TcpListener) -> io::Result<Self::Listener>;
    /// The next connection.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    /// Reads some bytes.
    fn read(stream: &mut Self::Stream, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;
    /// Writes all bytes.
    fn write_all(stream: &mut Self::Stream, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

/// How many workers the measured runtime has; 0 stands for a current-thread one.
static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// Runs `future` in a fresh runtime of the flavor that the command line names.
fn block_on<R: Runtime, F: Future>(future: F) -> F::Output {
    let workers = WORKERS.load(Ordering::Relaxed);
    R::block_on((workers > 0).then_some(workers), future)
}

/// The `main` of a runtime's binary: measures the scenario that the command line names, on so many workers as it says.
pub fn run<R: Runtime>() {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().unwrap_or_default();
    let workers = arguments
        .next()
        .map_or(0, |workers| workers.parse().expect("a number of workers"));
    WORKERS.store(workers, Ordering::Relaxed);
    let measured = match scenario.as_str() {
        "spawn_join" => tasks::spawn_join::<R>(),
        "spawn_join_in_task" => tasks::spawn_join_in_task::<R>(),
        "spawn_1000_join" => tasks::spawn_many_join::<R>(),
        "spawn_1000_join_in_task" => tasks::spawn_many_join_in_task::<R>(),
        "foreign_spawn" => tasks::foreign_spawn::<R>(),
        "self_wake_1" => tasks::self_wake::<R>(1),
        "self_wake_100" => tasks::self_wake::<R>(100),
        "self_wake_10000" => tasks::self_wake::<R>(10_000),
        "yield_now_1" => tasks::yield_now::<R>(1),
        "yield_now_100" => tasks::yield_now::<R>(100),
        "yield_now_10000" => tasks::yield_now::<R>(10_000),
        "ping_pong" => tasks::ping_pong::<R>(),
        "fan_out" => fork::fan_out::<R>(),
        "fork_join" => fork::fork_join::<R>(),
        "fork_join_1ms" => fork::fork_join_of_a_millisecond::<R>(),
        "idle" => idle::idle::<R>(false),
        "idle_with_sockets" => idle::idle::<R>(true),
        "stuck_worker" => stuck::stuck_worker::<R>(),
        "timeout_unfired" => time::timeout_unfired::<R>(),
        "sleeps" => sleeps::in_a_task_each::<R>(),
        "sleeps_in_one_task" => sleeps::in_one_task::<R>(),
        "timeouts" => timeouts::on_the_same_worker::<R>(),
        "timeouts_elsewhere" => timeouts::dropped_on_another_worker::<R>(),
        "resets_elsewhere" => timeouts::reset_on_another_worker::<R>(),
        "sleep_dropped" => time::sleep_dropped::<R>(),
        "echo_1" => echo::echo::<R>(1),
        "echo_50" => echo::echo::<R>(50),
        "echo_64" => echo::echo::<R>(64),
        unknown => {
            eprintln!("no scenario `{unknown}`; `bench-compare --list` names them");
            std::process::exit(2);
        }
    };
    for (metric, value) in measured {
        println!("{metric} {value:.3}");
    }
}
