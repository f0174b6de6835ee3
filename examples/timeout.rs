//! Limits in time: a connect and a read that may take only so long, against a server that stays silent at first.
//!
//! ```console
//! $ cargo run --example timeout
//! ```

use std::io;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::time::{Instant, interval, timeout};

/// Far more than anything takes here.
const PLENTY: Duration = Duration::from_secs(30);

fn main() -> io::Result<()> {
    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = reveille::spawn(answers_only_when_asked(listener));

        // A `timeout` around a future makes two errors possible: that the time is over, and the future's own. The
        // first becomes an `io::Error` of the kind `TimedOut`, so both leave through one `?`.
        let stream = timeout(PLENTY, TcpStream::connect(address)).await??;
        println!("connected");

        let mut reply = [0; 4];
        let start = Instant::now();
        let limit = Duration::from_millis(50);
        let elapsed = timeout(limit, stream.read(&mut reply)).await;
        assert!(elapsed.is_err() && start.elapsed() >= limit);
        println!("nothing to read: {}", elapsed.unwrap_err());

        // The read was dropped while it waited, and has taken nothing from the stream: it is cancel safe. Only what
        // is not, such as a `read_exact` in the middle, must not be tried again on the same stream.
        stream.write_all(b"?").await?;
        timeout(PLENTY, stream.read_exact(&mut reply)).await??;
        println!("asked, it says: {}", String::from_utf8_lossy(&reply));

        // An interval ticks at once, and then at a steady pace, whatever the code between the ticks takes.
        let mut interval = interval(Duration::from_millis(10));
        let first = interval.tick().await;
        for _ in 0..3 {
            let tick = interval.tick().await;
            println!("tick after {} ms", (tick - first).as_millis());
        }
        server.await.expect("the server does not panic")
    })
}

async fn answers_only_when_asked(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    stream.read_exact(&mut [0]).await?;
    stream.write_all(b"here").await
}
