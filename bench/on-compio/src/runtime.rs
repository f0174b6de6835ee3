//! The scenarios' runtime: compio, which uses io_uring where the system gives it, else poll.

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bench_scenarios::{Net, OnOneThread, Runtime, Timers, unavailable};
use compio::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream, UdpSocket};

pub(crate) struct Compio;

/// Says that `value` is `Send`, for scenarios that are written for all.
fn here<T>(value: T) -> OnOneThread<T> {
    // SAFETY: compio polls a task on the thread that spawned it, and the scenarios' other threads have its waker alone, which may
    // be anywhere.
    unsafe { OnOneThread::new(value) }
}

/// A task that goes on when this is dropped, as the others' do.
pub(crate) struct JoinHandle<T>(Option<OnOneThread<compio::runtime::JoinHandle<T>>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, compio::runtime::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.0.as_mut().expect("it is there until the drop");
        Pin::new(&mut **task).poll(context)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.into_inner().detach();
        }
    }
}

impl Runtime for Compio {
    type JoinError = compio::runtime::JoinError;
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Handle = ();

    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
        if workers.is_some() {
            unavailable("it has one thread");
        }
        let runtime = compio::runtime::Runtime::new().expect("io_uring or epoll");
        runtime.block_on(future)
    }

    fn block_on_repeatedly(_workers: Option<usize>, measure: impl FnOnce(&dyn Fn())) {
        let runtime = compio::runtime::Runtime::new().expect("io_uring or epoll");
        measure(&|| runtime.block_on(async { black_box(()) }));
    }

    fn handle() {
        unavailable("it spawns from its own thread")
    }

    fn spawn_with<F>(_handle: &(), future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Self::spawn(future)
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        JoinHandle(Some(here(compio::runtime::spawn(future))))
    }

    fn spawn_blocking(job: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send {
        let task = here(compio::runtime::spawn_blocking(job));
        async move { task.await.expect("it does not panic") }
    }
}

impl Timers for Compio {
    type Sleep = OnOneThread<Pin<Box<dyn Future<Output = ()>>>>;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        here(compio::time::sleep(duration))
    }

    fn sleep_until(deadline: Instant) -> Self::Sleep {
        here(Box::pin(compio::time::sleep_until(deadline)))
    }

    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send {
        here(async move { compio::time::timeout(duration, future).await.ok() })
    }
}

impl Net for Compio {
    type Stream = OnOneThread<TcpStream>;
    type Listener = OnOneThread<TcpListener>;

    fn bind() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send {
        here(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            Ok((here(listener), address))
        })
    }

    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send {
        here(async move {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(here(stream))
        })
    }

    fn echo(mut stream: Self::Stream, buffer: usize) -> impl Future<Output = ()> + Send {
        here(async move {
            let mut buffer = Vec::with_capacity(buffer);
            loop {
                let BufResult(read, filled) = stream.read(buffer).await;
                if !matches!(read, Ok(1..)) {
                    return;
                }
                let BufResult(written, mut emptied) = stream.write_all(filled).await;
                if written.is_err() {
                    return;
                }
                emptied.clear();
                buffer = emptied;
            }
        })
    }

    fn echo_datagrams(socket: std::net::UdpSocket) -> impl Future<Output = io::Result<()>> + Send {
        here(async move {
            let socket = UdpSocket::from_std(socket)?;
            let mut buffer = Vec::with_capacity(2048);
            loop {
                let BufResult(received, filled) = socket.recv_from(buffer).await;
                let (_, from) = received?;
                let BufResult(sent, mut emptied) = socket.send_to(filled, from).await;
                sent?;
                emptied.clear();
                buffer = emptied;
            }
        })
    }
}
