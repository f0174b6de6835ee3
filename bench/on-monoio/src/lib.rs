//! The scenarios' runtime: monoio. Its default features have no wakes from other threads (`sync`), which tasks on one thread are
//! faster without; so a scenario with another thread is not measured.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bench_scenarios::{Net, OnOneThread, Runtime, Timers, unavailable};
use monoio::RuntimeBuilder;
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::udp::UdpSocket;
use monoio::net::{TcpListener, TcpStream};
use monoio::{IoUringDriver, LegacyDriver};

/// Over one of its drivers.
pub struct Monoio<D>(PhantomData<D>);

/// One of its drivers.
pub trait Driver: 'static {
    /// Runs `future` in a fresh runtime.
    fn block_on<F: Future>(future: F) -> F::Output;
}

impl Driver for LegacyDriver {
    fn block_on<F: Future>(future: F) -> F::Output {
        let builder = RuntimeBuilder::<Self>::new().enable_all();
        builder.build().expect("an epoll instance").block_on(future)
    }
}

impl Driver for IoUringDriver {
    fn block_on<F: Future>(future: F) -> F::Output {
        if !monoio::utils::detect_uring() {
            unavailable("this system gives no io_uring");
        }
        match RuntimeBuilder::<Self>::new().enable_all().build() {
            Ok(mut runtime) => runtime.block_on(future),
            Err(error) => unavailable(&format!("this system gives no io_uring: {error}")),
        }
    }
}

/// Says that `value` is `Send`, for scenarios that are written for all.
fn here<T>(value: T) -> OnOneThread<T> {
    // SAFETY: monoio polls a task on the thread that spawned it, and no scenario here has another one that touches it: those are
    // refused because of `BELONGS_TO_ITS_THREAD`.
    unsafe { OnOneThread::new(value) }
}

/// Waits for a task, which has an output whatever happens: monoio catches no panic.
pub struct JoinHandle<T>(OnOneThread<monoio::task::JoinHandle<T>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, std::convert::Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.0).poll(context).map(Ok)
    }
}

impl<D: Driver> Runtime for Monoio<D> {
    type JoinError = std::convert::Infallible;
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Handle = ();

    const BELONGS_TO_ITS_THREAD: Option<&'static str> =
        Some("no other thread can wake it without its feature `sync`");

    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
        if workers.is_some() {
            unavailable("it has one thread");
        }
        D::block_on(future)
    }

    fn handle() {}

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
        JoinHandle(here(monoio::spawn(future)))
    }
}

impl<D: Driver> Timers for Monoio<D> {
    type Sleep = OnOneThread<monoio::time::Sleep>;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        here(monoio::time::sleep(duration))
    }

    fn sleep_until(deadline: Instant) -> Self::Sleep {
        here(monoio::time::sleep_until(deadline.into()))
    }

    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send {
        here(async move { monoio::time::timeout(duration, future).await.ok() })
    }
}

impl<D: Driver> Net for Monoio<D> {
    type Stream = OnOneThread<TcpStream>;
    type Listener = OnOneThread<TcpListener>;

    async fn bind() -> io::Result<(Self::Listener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok((here(listener), address))
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
                let (read, filled) = stream.read(buffer).await;
                if !matches!(read, Ok(1..)) {
                    return;
                }
                let (written, mut emptied) = stream.write_all(filled).await;
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
                let (received, filled) = socket.recv_from(buffer).await;
                let (_, from) = received?;
                let (sent, mut emptied) = socket.send_to(filled, from).await;
                sent?;
                emptied.clear();
                buffer = emptied;
            }
        })
    }
}
