//! Connections that carry much both ways at once, in pieces of all sizes, by operations that are given up and begun anew.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reveille::net::TcpStream;
use reveille::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use reveille::time::{sleep, timeout};

use crate::pattern::{Random, bytes, check};

pub(crate) async fn talk(address: &str, connections: u64, total: usize, seed: u64) -> io::Result<()> {
    let start = Instant::now();
    let given_up = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for number in 0..connections {
        let seed = seed.wrapping_mul(1_000).wrapping_add(number);
        let (reader, writer) = TcpStream::connect(address).await?.into_split();
        writer.write_all(&seed.to_le_bytes()).await?;
        tasks.push(reveille::spawn(send(writer, seed, total, given_up.clone())));
        tasks.push(reveille::spawn(receive(reader, seed, total, given_up.clone())));
    }
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    println!(
        "{connections} connections, {total} bytes each way on each, every one checked: {:.1} s, {} operations given up",
        start.elapsed().as_secs_f64(),
        given_up.load(Ordering::Relaxed),
    );
    Ok(())
}

async fn send(writer: OwnedWriteHalf, seed: u64, total: usize, given_up: Arc<AtomicU64>) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut sent = 0;
    while sent < total {
        let text = bytes(seed, sent, size(&mut random).min(total - sent));
        let mut writing = Box::pin(timeout(limit(&mut random), writer.write_all(&text)));
        match writing.as_mut().await {
            Ok(outcome) => outcome?,
            Err(_) => drop(given_up.fetch_add(1, Ordering::Relaxed)),
        }
        sent += writing.get_ref().written();
        pause(&mut random).await;
    }
    // The server sees the end, and goes on sending.
    writer.shutdown()
}

async fn receive(reader: OwnedReadHalf, seed: u64, total: usize, given_up: Arc<AtomicU64>) -> io::Result<()> {
    let mut random = Random::new(!seed);
    let mut received = 0;
    loop {
        let mut buffer = vec![0; size(&mut random)];
        let Ok(count) = timeout(limit(&mut random), reader.read(&mut buffer)).await else {
            given_up.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let count = count?;
        check(seed, received, &buffer[..count]);
        received += count;
        if count == 0 {
            break;
        }
        pause(&mut random).await;
    }
    if received != total {
        return Err(io::Error::other(format!("{received} bytes came back of {total}")));
    }
    Ok(())
}

/// One byte, some, or many.
fn size(random: &mut Random) -> usize {
    match random.below(4) {
        0 => 1,
        1 => 1 + random.below(1_000),
        _ => 1 + random.below(60_000),
    }
}

/// How long an operation is waited for: often not at all, or less than a packet takes.
fn limit(random: &mut Random) -> Duration {
    match random.below(4) {
        0 => Duration::ZERO,
        1 => Duration::from_millis(3),
        2 => Duration::from_millis(50),
        _ => Duration::from_secs(60),
    }
}

async fn pause(random: &mut Random) {
    if random.below(20) == 0 {
        sleep(Duration::from_millis(random.below(50) as u64)).await;
    }
}
