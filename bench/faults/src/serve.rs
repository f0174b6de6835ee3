//! The server: it checks what comes, and sends it back.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reveille::net::tcp::TcpKeepalive;
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Runtime;
use reveille::time::timeout;

use crate::open_descriptors;
use crate::pattern::check;

/// So long an operation may take; then the peer counts as gone.
const PATIENCE: Duration = Duration::from_secs(15);

/// How connections ended.
#[derive(Default)]
struct Figures {
    echoed: AtomicU64,
    /// The system found that the peer does not answer.
    by_keepalive: AtomicU64,
    by_time_limit: AtomicU64,
    by_reset: AtomicU64,
    /// A byte was wrong, or there was an error that nobody expects.
    wrong: AtomicU64,
    bytes: AtomicU64,
}

/// Serves until the end of the input. For each line of it there is one of output.
pub(crate) fn serve(runtime: &Runtime, address: &str) -> io::Result<()> {
    let figures = Arc::new(Figures::default());
    let listener = runtime.block_on(TcpListener::bind(address))?;
    println!("listening on {}", listener.local_addr()?);
    drop(runtime.spawn(accept(listener, figures.clone())));
    let handle = runtime.handle().clone();
    let reports = figures.clone();
    let asked = runtime.spawn_blocking(move || {
        for line in io::stdin().lines() {
            line?;
            let tasks = handle.metrics().tasks_alive;
            println!(
                "{}; {tasks} tasks, {} descriptors",
                reports.text(),
                open_descriptors()
            );
        }
        Ok(())
    });
    runtime.block_on(asked).map_err(io::Error::other)?
}

/// How a peer that has vanished is found while nothing is sent: after five seconds.
pub(crate) fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_secs(2))
        .with_interval(Duration::from_secs(1))
        .with_retries(3)
}

async fn accept(listener: TcpListener, figures: Arc<Figures>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_tcp_keepalive(&keepalive())?;
        let figures = figures.clone();
        drop(reveille::spawn(async move {
            let ended = match echo(&stream, &figures.bytes).await {
                Ok(()) => &figures.echoed,
                Err(error) if error.get_ref().is_some_and(|inner| inner.is::<TooLong>()) => {
                    &figures.by_time_limit
                }
                Err(error) => match error.kind() {
                    ErrorKind::TimedOut => &figures.by_keepalive,
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => &figures.by_reset,
                    _ => {
                        eprintln!("a connection ended by {error:?}");
                        &figures.wrong
                    }
                },
            };
            drop(stream);
            ended.fetch_add(1, Ordering::Relaxed);
        }));
    }
}

/// Eight bytes say which stream it is; what follows is the stream.
async fn echo(stream: &TcpStream, bytes: &AtomicU64) -> io::Result<()> {
    let mut seed = [0; 8];
    within(stream.read_exact(&mut seed)).await?;
    let seed = u64::from_le_bytes(seed);
    let mut buffer = vec![0; 32 * 1024];
    let mut position = 0;
    loop {
        let count = within(stream.read(&mut buffer)).await?;
        if count == 0 {
            return Ok(());
        }
        check(seed, position, &buffer[..count]);
        position += count;
        within(stream.write_all(&buffer[..count])).await?;
        bytes.fetch_add(count as u64, Ordering::Relaxed);
    }
}

async fn within<T>(operation: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, operation)
        .await
        .unwrap_or_else(|_| Err(io::Error::other(TooLong)))
}

#[derive(Debug)]
struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the peer took too long")
    }
}

impl std::error::Error for TooLong {}

impl Figures {
    fn text(&self) -> String {
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        format!(
            "{} echoed, {} ended by keepalive, {} by a time limit, {} by a reset, {} wrong; {} bytes",
            of(&self.echoed),
            of(&self.by_keepalive),
            of(&self.by_time_limit),
            of(&self.by_reset),
            of(&self.wrong),
            of(&self.bytes),
        )
    }
}
