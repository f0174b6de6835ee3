//! The scenarios' runtime: smol. One executor, which as many threads run as there are workers; its reactor has a thread of
//! its own.

use std::convert::Infallible;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use bench_scenarios::{Net, Runtime, Timers};
use hyper::service::service_fn;
use hyper::{Response, server};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream, UdpSocket};
use smol::{Executor, Timer, future};
use smol_hyper::rt::FuturesIo;

pub(crate) struct Smol;

static EXECUTOR: Executor<'static> = Executor::new();

/// A task of smol's that goes on when this is dropped, as the others' do.
pub(crate) struct JoinHandle<T>(Option<smol::Task<T>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.0.as_mut().expect("it is there until the drop");
        Pin::new(task).poll(cx).map(Ok)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(smol::Task::detach);
    }
}

/// hyper's executor; smol-hyper's own takes none that is a static.
#[derive(Clone)]
struct Spawner;

impl<F: Future<Output: Send + 'static> + Send + 'static> hyper::rt::Executor<F> for Spawner {
    fn execute(&self, future: F) {
        EXECUTOR.spawn(future).detach();
    }
}

/// A timer whose output is nothing, as the others'.
pub(crate) struct Sleep(Timer);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl Runtime for Smol {
    type JoinError = Infallible;
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Handle = &'static Executor<'static>;

    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
        let Some(workers) = workers else {
            return smol::block_on(EXECUTOR.run(future));
        };
        let end = Arc::new(smol::lock::Semaphore::new(0));
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let end = end.clone();
                thread::spawn(move || drop(smol::block_on(EXECUTOR.run(end.acquire_arc()))))
            })
            .collect();
        let output = smol::block_on(future);
        end.add_permits(workers);
        threads
            .into_iter()
            .for_each(|thread| thread.join().expect("a worker"));
        output
    }

    fn block_on_repeatedly(workers: Option<usize>, measure: impl FnOnce(&dyn Fn())) {
        if workers.is_some() {
            bench_scenarios::unavailable("its `block_on` is the same whatever runs the tasks");
        }
        measure(&|| smol::block_on(EXECUTOR.run(async { black_box(()) })));
    }

    fn handle() -> Self::Handle {
        &EXECUTOR
    }

    fn spawn_with<F>(handle: &Self::Handle, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        JoinHandle(Some(handle.spawn(future)))
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        JoinHandle(Some(EXECUTOR.spawn(future)))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        future::yield_now()
    }

    async fn spawn_blocking(job: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        smol::unblock(job).await
    }
}

impl Timers for Smol {
    type Sleep = Sleep;

    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }

    fn sleep_until(deadline: Instant) -> Sleep {
        Sleep(Timer::at(deadline))
    }

    fn reset(mut sleep: Pin<&mut Sleep>, deadline: Instant) {
        sleep.0.set_at(deadline);
    }

    async fn timeout<F: Future + Send>(duration: Duration, wrapped: F) -> Option<F::Output> {
        future::or(async { Some(wrapped.await) }, async {
            Timer::after(duration).await;
            None
        })
        .await
    }
}

impl Net for Smol {
    type Stream = TcpStream;
    type Listener = TcpListener;

    async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    fn listen(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::try_from(listener)
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn read<'a>(
        stream: &'a mut TcpStream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn write_all<'a>(
        stream: &'a mut TcpStream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    async fn echo_datagrams(socket: std::net::UdpSocket) -> io::Result<()> {
        let socket = UdpSocket::try_from(socket)?;
        let mut buffer = [0; 2048];
        loop {
            let (count, from) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..count], from).await?;
        }
    }

    async fn http(stream: TcpStream, version_2: bool) {
        let hello = service_fn(|_| async { Ok::<_, Infallible>(Response::new("Hello, world!".to_owned())) });
        let stream = FuturesIo::new(stream);
        let _ = if version_2 {
            let builder = server::conn::http2::Builder::new(Spawner);
            builder.serve_connection(stream, hello).await
        } else {
            let builder = server::conn::http1::Builder::new();
            builder.serve_connection(stream, hello).await
        };
    }
}
