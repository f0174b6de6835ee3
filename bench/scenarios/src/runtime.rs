//! What a runtime must offer to be measured, in three parts: some have no timers, or no sockets.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// Ends the process in the way by which the driver knows that this runtime has no such thing.
pub fn unavailable(reason: &str) -> ! {
    println!("unavailable {reason}");
    std::process::exit(3)
}

async fn lacks<T>(what: &str) -> T {
    unavailable(what)
}

/// Tasks.
pub trait Runtime: 'static {
    /// Why a task has no output.
    type JoinError: std::fmt::Debug;
    /// Waits for a task.
    type JoinHandle<T: Send + 'static>: Future<Output = Result<T, Self::JoinError>> + Send;
    /// Spawns from threads that are not the runtime's.
    type Handle: Send + Sync;

    /// Why no other thread can wake a task or spawn one, if that is so.
    const BELONGS_TO_ITS_THREAD: Option<&'static str> = None;

    /// Runs `future` in a fresh runtime with its sockets and timers: a multi-thread one with so many workers, or a
    /// current-thread one.
    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output;
    /// The same, in a runtime that looks whether something is ready for a bounded time before it blocks.
    fn block_on_looking<F: Future>(_workers: Option<usize>, _future: F) -> F::Output {
        unavailable("it cannot look before it blocks")
    }
    /// Hands `measure` a function that runs a ready future in one and the same runtime.
    fn block_on_repeatedly(_workers: Option<usize>, _measure: impl FnOnce(&dyn Fn())) {
        unavailable("its `block_on` is not measured")
    }
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
    /// Lets go of a task, which goes on.
    fn detach<T: Send + 'static>(handle: Self::JoinHandle<T>) {
        drop(handle);
    }
    /// The runtime's own way to let others run.
    fn yield_now() -> impl Future<Output = ()> + Send {
        lacks("it has no `yield_now`")
    }
    /// Spawns so many tasks into the runtime's own set, and takes out all; the sum of their numbers.
    fn join_set(_tasks: u64) -> impl Future<Output = u64> + Send {
        lacks("it has no set of tasks")
    }
    /// Runs a job where it may block.
    fn spawn_blocking(_job: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send {
        lacks("it has no blocking pool")
    }
    /// Keeps no budget for `future`: it may do as much in one poll as it likes.
    fn unconstrained<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
        future
    }
}

/// Timers.
pub trait Timers: Runtime {
    /// A sleep that can be given another deadline.
    type Sleep: Future<Output = ()> + Send;

    /// The runtime's sleep.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
    /// The same until an instant.
    fn sleep_until(deadline: Instant) -> Self::Sleep;
    /// Gives a sleep another deadline.
    fn reset(_sleep: Pin<&mut Self::Sleep>, _deadline: Instant) {
        unavailable("its sleeps have one deadline")
    }
    /// The output of `future`, or `None` once `duration` has passed.
    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send;
}

/// Sockets.
pub trait Net: Timers {
    /// A connection.
    type Stream: Send;
    /// What accepts connections.
    type Listener: Send + Sync;

    /// Listens on a loopback port that the system chooses.
    fn bind() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;
    /// Takes over a listener of std.
    fn listen(_listener: std::net::TcpListener) -> io::Result<Self::Listener> {
        unavailable("it takes over no listener here")
    }
    /// The next connection, which sends at once what it is given.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    /// Reads some bytes.
    fn read<'a>(
        _stream: &'a mut Self::Stream,
        _buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        lacks("it reads into buffers of its own")
    }
    /// Writes all bytes.
    fn write_all<'a>(
        _stream: &'a mut Self::Stream,
        _bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        lacks("it writes from buffers of its own")
    }
    /// Sends back what comes, until the other side closes, by way of a buffer of so many bytes.
    fn echo(mut stream: Self::Stream, buffer: usize) -> impl Future<Output = ()> + Send {
        async move {
            let mut buffer = vec![0; buffer];
            loop {
                match Self::read(&mut stream, &mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => {
                        if Self::write_all(&mut stream, &buffer[..count]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
    /// Sends each datagram back to where it came from.
    fn echo_datagrams(socket: std::net::UdpSocket) -> impl Future<Output = io::Result<()>> + Send;
    /// Serves one connection with hyper, HTTP/1.1 or else HTTP/2.
    fn http(_stream: Self::Stream, _version_2: bool) -> impl Future<Output = ()> + Send {
        lacks("hyper is not measured on it")
    }
}
