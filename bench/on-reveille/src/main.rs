//! The scenarios on reveille's current-thread runtime.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};

struct Reveille;

impl bench_scenarios::Runtime for Reveille {
    type Stream = TcpStream;
    type Listener = TcpListener;
    type JoinError = reveille::task::JoinError;
    type JoinHandle<T: Send + 'static> = reveille::task::JoinHandle<T>;

    fn block_on<F: Future>(future: F) -> F::Output {
        reveille::block_on(future)
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

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        reveille::time::sleep(duration)
    }

    async fn timeout<F: Future + Send>(duration: Duration, future: F) -> Option<F::Output> {
        reveille::time::timeout(duration, future).await.ok()
    }

    async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer).await
    }

    async fn write_all(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes).await
    }
}

fn main() {
    bench_scenarios::run::<Reveille>();
}
