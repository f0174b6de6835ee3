//! Sockets and sleeps without a runtime: the same code under three executors that know nothing of reveille.
//!
//! ```console
//! $ cargo run --example foreign_executor
//! ```
//!
//! Whoever polls a socket that has to wait registers it: inside a reveille runtime with that runtime's reactor, and
//! elsewhere with one on a thread of its own, which the process starts when it first needs it. Sleeps do the same.

use std::io;
use std::time::Duration;

use futures_executor::LocalPool;
use reveille::net::{TcpListener, TcpStream};
use reveille::time::{sleep, timeout};

fn main() -> io::Result<()> {
    // The least executor there is: it parks this thread until the future's waker is called.
    println!("pollster: {}", pollster::block_on(conversation())?);
    println!("futures: {}", futures_executor::block_on(conversation())?);
    println!(
        "a pool of futures: {}",
        LocalPool::new().run_until(conversation())?
    );
    // For comparison: nothing but the name changes.
    println!("reveille: {}", reveille::block_on(conversation())?);
    Ok(())
}

/// A client waits for a server that takes its time.
async fn conversation() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // No executor is at hand to spawn on, so both ends run inside one future.
    let (answered, reply) = futures_lite::future::zip(answer(listener), ask(address)).await;
    answered?;
    reply
}

async fn answer(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    sleep(Duration::from_millis(20)).await;
    stream.write_all(b"good morning").await
    // Here the stream is dropped, and with that the connection closed.
}

async fn ask(address: std::net::SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let mut reply = Vec::new();
    let mut buffer = [0; 64];
    loop {
        match timeout(Duration::from_secs(30), stream.read(&mut buffer)).await?? {
            0 => return String::from_utf8(reply).map_err(io::Error::other),
            count => reply.extend_from_slice(&buffer[..count]),
        }
    }
}
