//! The scenarios' runtime: none. A task is a thread of the system, which blocks wherever a task would wait.

use std::any::Any;
use std::future::{Future, ready};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use bench_scenarios::{Net, Runtime, Timers, unavailable};

pub(crate) struct Threads;

/// Blocks until the thread has ended.
pub(crate) struct JoinHandle<T>(Option<thread::JoinHandle<T>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(self.0.take().expect("it is joined once").join())
    }
}

/// Blocks until a moment has come.
pub(crate) struct Sleep(Instant);

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        thread::sleep(self.0.saturating_duration_since(Instant::now()));
        Poll::Ready(())
    }
}

impl Runtime for Threads {
    type JoinError = Box<dyn Any + Send>;
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Handle = ();

    fn block_on<F: Future>(_workers: Option<usize>, future: F) -> F::Output {
        pollster::block_on(future)
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
        JoinHandle(Some(thread::spawn(|| pollster::block_on(future))))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        thread::yield_now();
        ready(())
    }
}

impl Timers for Threads {
    type Sleep = Sleep;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        Sleep(Instant::now() + duration)
    }

    fn sleep_until(deadline: Instant) -> Sleep {
        Sleep(deadline)
    }

    async fn timeout<F: Future + Send>(_: Duration, _: F) -> Option<F::Output> {
        unavailable("a thread that blocks has no timeout")
    }
}

impl Net for Threads {
    type Stream = TcpStream;
    type Listener = TcpListener;

    async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    fn listen(listener: TcpListener) -> io::Result<TcpListener> {
        Ok(listener)
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn read<'a>(stream: &'a mut TcpStream, buffer: &'a mut [u8]) -> io::Result<usize> {
        stream.read(buffer)
    }

    async fn write_all<'a>(stream: &'a mut TcpStream, bytes: &'a [u8]) -> io::Result<()> {
        stream.write_all(bytes)
    }

    async fn echo_datagrams(socket: UdpSocket) -> io::Result<()> {
        let mut buffer = [0; 2048];
        loop {
            let (count, from) = socket.recv_from(&mut buffer)?;
            socket.send_to(&buffer[..count], from)?;
        }
    }
}
