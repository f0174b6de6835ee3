//! Clients of an echo server, good ones and bad ones: some stay, most come and go, some reset the connection, leave in the
//! middle or close one half. Each pauses, so that all together take a part of one processor.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reveille::net::TcpStream;
use reveille::time::sleep;

use crate::pattern::{Random, bytes, check};

/// Connections that stay for a while.
const LONG: u64 = 40;
/// Clients that open one connection after the other.
const SHORT: u64 = 10;

/// What was done.
#[derive(Default)]
struct Figures {
    messages: AtomicU64,
    connections: AtomicU64,
    resets: AtomicU64,
    half_closed: AtomicU64,
}

pub(crate) async fn load(address: &str, duration: Duration, seed: u64) -> io::Result<()> {
    let end = Instant::now() + duration;
    let figures = Arc::new(Figures::default());
    let clients = (0..LONG + SHORT).map(|number| {
        let (address, figures) = (address.to_owned(), figures.clone());
        let mut random = Random::new(seed.wrapping_mul(1_000).wrapping_add(number));
        reveille::spawn(async move {
            while Instant::now() < end {
                if number < LONG {
                    stay(&address, end, &mut random, &figures).await?;
                } else {
                    come_and_go(&address, &mut random, &figures).await?;
                }
            }
            io::Result::Ok(())
        })
    });
    let clients: Vec<_> = clients.collect();
    for client in clients {
        client.await.map_err(io::Error::other)??;
    }
    let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{} messages, every byte checked; {} connections, {} of them reset, {} half closed",
        of(&figures.messages),
        of(&figures.connections),
        of(&figures.resets),
        of(&figures.half_closed),
    );
    Ok(())
}

/// A connection with many messages, for up to a minute.
async fn stay(address: &str, end: Instant, random: &mut Random, figures: &Figures) -> io::Result<()> {
    let stream = connect(address, figures).await?;
    let end = end.min(Instant::now() + Duration::from_millis(random.below(60_000) as u64));
    while Instant::now() < end {
        exchange(&stream, random, figures).await?;
        sleep(Duration::from_millis(5 + random.below(40) as u64)).await;
    }
    Ok(())
}

/// A connection with few messages, and one of the ways in which it can end.
async fn come_and_go(address: &str, random: &mut Random, figures: &Figures) -> io::Result<()> {
    let stream = connect(address, figures).await?;
    for _ in 0..random.below(3) {
        exchange(&stream, random, figures).await?;
    }
    match random.below(4) {
        // Without another word; the server sees the end.
        0 => {}
        1 => {
            stream.write_all(&bytes(1, 0, 1 + random.below(100_000))).await?;
            stream.set_zero_linger()?;
            figures.resets.fetch_add(1, Ordering::Relaxed);
        }
        // The echo is on its way when it leaves: a reset as well.
        2 => stream.write_all(b"and nobody reads the reply").await?,
        _ => half_close(&stream, random, figures).await?,
    }
    drop(stream);
    sleep(Duration::from_millis(random.below(100) as u64)).await;
    Ok(())
}

async fn connect(address: &str, figures: &Figures) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    figures.connections.fetch_add(1, Ordering::Relaxed);
    Ok(stream)
}

/// A message there and back: most are short.
async fn exchange(stream: &TcpStream, random: &mut Random, figures: &Figures) -> io::Result<()> {
    let most = if random.below(50) == 0 { 60_000 } else { 500 };
    let (seed, length) = (random.next(), 1 + random.below(most));
    stream.write_all(&bytes(seed, 0, length)).await?;
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply).await?;
    check(seed, 0, &reply);
    figures.messages.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Everything is sent and the end is told before the first byte of the reply is read.
async fn half_close(stream: &TcpStream, random: &mut Random, figures: &Figures) -> io::Result<()> {
    let (seed, length) = (random.next(), 1 + random.below(20_000));
    stream.write_all(&bytes(seed, 0, length)).await?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply).await?;
    check(seed, 0, &reply);
    if stream.read(&mut [0; 1]).await? != 0 {
        return Err(io::Error::other("more came back than was sent"));
    }
    figures.half_closed.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
