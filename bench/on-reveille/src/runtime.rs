//! The scenarios' runtime: reveille.

use std::convert::Infallible;
use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bench_scenarios::{Net, Runtime, Timers};
use hyper::service::service_fn;
use hyper::{Response, server};
use reveille::hyper::HyperExecutor;
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::runtime::Builder;
use reveille::task::JoinSet;

pub(crate) struct Reveille;

fn builder(workers: Option<usize>) -> Builder {
    let Some(workers) = workers else {
        return Builder::current_thread();
    };
    let mut builder = Builder::multi_thread();
    builder.worker_threads(workers);
    builder
}

/// Sets how long a worker looks before it blocks: about as long as it takes a client that sleeps to be woken.
fn look(builder: &mut Builder) {
    builder.look_before_park(Duration::from_micros(50));
}

impl Runtime for Reveille {
    type JoinError = reveille::task::JoinError;
    type JoinHandle<T: Send + 'static> = reveille::task::JoinHandle<T>;
    type Handle = reveille::runtime::Handle;

    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
        let runtime = builder(workers).build().expect("an epoll instance");
        runtime.block_on(future)
    }

    fn block_on_looking<F: Future>(workers: Option<usize>, future: F) -> F::Output {
        let mut builder = builder(workers);
        look(&mut builder);
        builder.build().expect("an epoll instance").block_on(future)
    }

    fn block_on_repeatedly(workers: Option<usize>, measure: impl FnOnce(&dyn Fn())) {
        let runtime = builder(workers).build().expect("an epoll instance");
        measure(&|| runtime.block_on(async { black_box(()) }));
    }

    fn handle() -> Self::Handle {
        reveille::runtime::Handle::current()
    }

    fn spawn_with<F>(handle: &Self::Handle, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        handle.spawn(future)
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        reveille::spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        reveille::task::yield_now()
    }

    async fn join_set(tasks: u64) -> u64 {
        let mut set = JoinSet::new();
        (0..tasks).for_each(|number| drop(set.spawn(async move { number })));
        let mut sum = 0;
        while let Some(number) = set.join_next().await {
            sum += number.expect("it does not panic");
        }
        sum
    }

    async fn spawn_blocking(job: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        reveille::task::spawn_blocking(job)
            .await
            .expect("it does not panic")
    }

    fn unconstrained<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
        reveille::task::unconstrained(future)
    }
}

impl Timers for Reveille {
    type Sleep = reveille::time::Sleep;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        reveille::time::sleep(duration)
    }

    fn sleep_until(deadline: Instant) -> Self::Sleep {
        reveille::time::sleep_until(deadline.into())
    }

    fn reset(mut sleep: Pin<&mut Self::Sleep>, deadline: Instant) {
        sleep.reset(deadline.into());
    }

    async fn timeout<F: Future + Send>(duration: Duration, future: F) -> Option<F::Output> {
        reveille::time::timeout(duration, future).await.ok()
    }
}

impl Net for Reveille {
    type Stream = TcpStream;
    type Listener = TcpListener;

    async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    fn listen(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::from_std(listener)
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
        let socket = UdpSocket::from_std(socket)?;
        let mut buffer = [0; 2048];
        loop {
            let (count, from) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..count], from).await?;
        }
    }

    async fn http(stream: TcpStream, version_2: bool) {
        let hello = service_fn(|_| async { Ok::<_, Infallible>(Response::new("Hello, world!".to_owned())) });
        let _ = if version_2 {
            let builder = server::conn::http2::Builder::new(HyperExecutor);
            builder.serve_connection(stream, hello).await
        } else {
            let builder = server::conn::http1::Builder::new();
            builder.serve_connection(stream, hello).await
        };
    }
}
