//! Connections whose peer vanishes without a word, since the link carries nothing any more: keepalive, a time limit
//! or a user timeout ends what waits, and nothing else would.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use reveille::net::TcpStream;
use reveille::time::timeout;
use socket2::SockRef;

use crate::next_line;
use crate::pattern::{bytes, check};
use crate::serve::keepalive;

/// The limit of what has one. Keepalive needs five seconds.
const LIMIT: Duration = Duration::from_secs(8);

/// So long sent bytes may be unacknowledged where the connection has such a bound (`TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);

/// So long nothing moves before both ways count as full.
const STILL: Duration = Duration::from_secs(1);

/// Opens `each` connections of each kind, says so, and waits for a line of input, behind which the link is dead.
pub(crate) async fn silence(address: &str, each: u64) -> io::Result<()> {
    let mut readers = Vec::new();
    let mut limited = Vec::new();
    let mut writers = Vec::new();
    // First: what the server has sent is acknowledged long before the link is dead, or keepalive would not look after it.
    let mut bounded = Vec::new();
    for number in 0..each {
        let stream = open(address, 3 * each + number).await?;
        stream.set_keepalive(false)?;
        SockRef::from(&stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
        bounded.push(stream);
    }
    for number in 0..each {
        readers.push(open(address, 3 * number).await?);
        limited.push(open(address, 3 * number + 1).await?);
        let (stream, seed) = (open(address, 3 * number + 2).await?, 3 * number + 2);
        let written = fill(&stream, seed).await?;
        writers.push((stream, seed, written));
    }
    println!("connected: {} connections", 4 * each);
    next_line().await?;

    let start = Instant::now();
    let mut tasks = Vec::new();
    for stream in readers {
        tasks.push(reveille::spawn(async move {
            match stream.read(&mut [0; 64]).await {
                Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
                other => Err(io::Error::other(format!("not ended by keepalive: {other:?}"))),
            }
        }));
    }
    for stream in limited {
        // By the time limit alone.
        stream.set_keepalive(false)?;
        tasks.push(reveille::spawn(async move {
            never(timeout(LIMIT, stream.read(&mut [0; 64])).await)
        }));
    }
    for (stream, seed, written) in writers {
        tasks.push(reveille::spawn(async move {
            let text = bytes(seed, written, 1 << 24);
            never(timeout(LIMIT, stream.write_all(&text)).await)
        }));
    }
    for stream in bounded {
        // Nobody acknowledges this.
        stream.write_all(b"anybody there?").await?;
        tasks.push(reveille::spawn(async move {
            match timeout(10 * UNACKNOWLEDGED, stream.read(&mut [0; 64])).await? {
                Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
                other => Err(io::Error::other(format!(
                    "not ended by the user timeout: {other:?}"
                ))),
            }
        }));
    }
    let address = address.to_owned();
    tasks.push(reveille::spawn(async move {
        never(timeout(LIMIT, TcpStream::connect(address)).await)
    }));
    let ended = tasks.len();
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    println!(
        "{ended} operations on a dead link ended, {each} by keepalive, {each} by the user timeout, the others by their limit: {:.1} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// A connection that has carried something there and back.
pub(crate) async fn open(address: &str, seed: u64) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_tcp_keepalive(&keepalive())?;
    stream.write_all(&seed.to_le_bytes()).await?;
    stream.write_all(&bytes(seed, 0, 1_000)).await?;
    let mut reply = [0; 1_000];
    stream.read_exact(&mut reply).await?;
    check(seed, 0, &reply);
    Ok(stream)
}

/// Writes without reading the echo, until nothing moves any more: then the server waits to write too. How much was written.
async fn fill(stream: &TcpStream, seed: u64) -> io::Result<usize> {
    let mut written = 1_000;
    loop {
        let text = bytes(seed, written, 64 * 1024);
        match timeout(STILL, stream.write(&text)).await {
            Ok(count) => written += count?,
            Err(_) => return Ok(written),
        }
    }
}

fn never<T: std::fmt::Debug, E>(outcome: Result<T, E>) -> io::Result<()> {
    match outcome {
        Err(_) => Ok(()),
        Ok(outcome) => Err(io::Error::other(format!("a dead link did this: {outcome:?}"))),
    }
}
