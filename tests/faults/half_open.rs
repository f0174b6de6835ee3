//! Peers that are silent, and peers that have said their last word but go on listening.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use reveille::net::{TcpStream, UnixStream};
use reveille::runtime::Runtime;
use reveille::task::yield_now;
use reveille::time::timeout;

use crate::connections::{Buffers, Connection};
use crate::pattern::{Random, bytes, check};
use crate::stage::on_each_runtime;

/// How long one waits for a peer that does nothing. Nothing depends on how long that is.
const SHORT: Duration = Duration::from_millis(2);

#[test]
fn a_silent_peer_costs_a_time_out_and_no_byte() {
    on_each_runtime("a peer that is silent", |runtime| {
        runtime.block_on(async { silent_peer().await.unwrap() });
    });
}

async fn silent_peer() -> io::Result<()> {
    let (stream, peer) = TcpStream::pair(Buffers::Tiny).await?;
    let mut buffer = [0; 64];
    for _ in 0..3 {
        assert!(timeout(SHORT, stream.read(&mut buffer)).await.is_err());
        assert!(timeout(SHORT, stream.read_exact(&mut buffer)).await.is_err());
        assert!(timeout(SHORT, stream.peek(&mut buffer)).await.is_err());
        assert!(timeout(SHORT, stream.readable()).await.is_err());
    }
    // It does not read either: what is written counts up to where the buffers are full, and not a byte more.
    let text = bytes(1, 0, 1 << 20);
    let mut written = 0;
    for _ in 0..5 {
        let mut writing = Box::pin(timeout(SHORT, stream.write_all(&text[written..])));
        assert!(writing.as_mut().await.is_err(), "a megabyte does not fit");
        written += writing.get_ref().written();
    }
    // And now it wakes up.
    let peer = Arc::new(peer);
    let talks = peer.clone();
    let sender = reveille::spawn(async move {
        talks.write_all(&bytes(2, 0, 64)).await?;
        let mut received = 0;
        let mut buffer = vec![0; 5_000];
        loop {
            let count = talks.read(&mut buffer).await?;
            check(1, received, &buffer[..count]);
            received += count;
            if count == 0 {
                return io::Result::Ok(received);
            }
        }
    });
    stream.read_exact(&mut buffer).await?;
    check(2, 0, &buffer);
    stream.write_all(&text[written..]).await?;
    stream.shutdown(Shutdown::Write)?;
    assert_eq!(sender.await.unwrap()?, text.len());
    Ok(())
}

#[test]
fn operations_given_up_at_any_moment_lose_and_double_nothing() {
    on_each_runtime("operations that are given up", |runtime| {
        for seed in 0..4 {
            runtime.block_on(async { given_up(seed).await.unwrap() });
        }
    });
}

/// Every operation has a time limit, often one that is over at once.
async fn given_up(seed: u64) -> io::Result<()> {
    const TOTAL: usize = 300_000;
    let (sends, receives) = TcpStream::pair(Buffers::Tiny).await?;
    let sender = reveille::spawn(async move {
        let text = bytes(seed, 0, TOTAL);
        let mut random = Random::new(seed);
        let mut sent = 0;
        while sent < TOTAL {
            let end = TOTAL.min(sent + 1 + random.below(30_000));
            if random.below(2) == 0 {
                let mut writing = Box::pin(timeout(limit(&mut random), sends.write_all(&text[sent..end])));
                if let Ok(outcome) = writing.as_mut().await {
                    outcome?;
                    assert_eq!(writing.get_ref().written(), end - sent);
                }
                sent += writing.get_ref().written();
            } else if let Ok(count) = timeout(limit(&mut random), sends.write(&text[sent..end])).await {
                sent += count?;
            }
        }
        sends.shutdown(Shutdown::Write)
    });
    let mut random = Random::new(!seed);
    let mut received = 0;
    while received < TOTAL {
        let mut buffer = vec![0; 1 + random.below(20_000).min(TOTAL - received - 1)];
        if random.below(2) == 0 {
            let mut reading = Box::pin(timeout(limit(&mut random), receives.read_exact(&mut buffer)));
            if let Ok(outcome) = reading.as_mut().await {
                outcome?;
            }
            let filled = reading.get_ref().filled();
            drop(reading);
            check(seed, received, &buffer[..filled]);
            received += filled;
        } else if let Ok(count) = timeout(limit(&mut random), receives.read(&mut buffer)).await {
            let count = count?;
            check(seed, received, &buffer[..count]);
            received += count;
        }
        if random.below(10) == 0 {
            yield_now().await;
        }
    }
    sender.await.unwrap()?;
    assert_eq!(receives.read(&mut [0; 1]).await?, 0);
    Ok(())
}

fn limit(random: &mut Random) -> Duration {
    match random.below(3) {
        0 => Duration::ZERO,
        1 => Duration::from_micros(100),
        _ => Duration::from_millis(5),
    }
}

#[test]
fn who_has_said_the_last_word_still_hears_everything() {
    on_each_runtime("half-closed connections", |runtime: &Runtime| {
        runtime.block_on(async {
            half_closed::<TcpStream>().await.unwrap();
            half_closed::<UnixStream>().await.unwrap();
        });
    });
}

async fn half_closed<C: Connection>() -> io::Result<()> {
    const LATER: usize = 3_000_000;
    let (early, late) = C::pair(Buffers::Usual).await?;
    let late = reveille::spawn(async move {
        let mut buffer = [0; 64];
        let mut received = 0;
        while received < 10 {
            received += late.read(&mut buffer[received..]).await?;
        }
        check(1, 0, &buffer[..10]);
        // The end is no event that passes: it is there as often as one asks, and nobody waits for what cannot come.
        for _ in 0..3 {
            assert_eq!(late.read(&mut buffer).await?, 0);
            late.readable().await?;
        }
        let mut sent = 0;
        while sent < LATER {
            let text = bytes(2, sent, (LATER - sent).min(200_000));
            late.write_all(&text).await?;
            sent += text.len();
            assert_eq!(late.read(&mut buffer).await?, 0);
        }
        late.finish()
    });
    early.write_all(&bytes(1, 0, 10)).await?;
    early.finish()?;
    let refused = early.write_all(b"x").await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::BrokenPipe);
    let mut buffer = vec![0; 70_000];
    let mut received = 0;
    loop {
        let count = early.read(&mut buffer).await?;
        check(2, received, &buffer[..count]);
        received += count;
        if count == 0 {
            break;
        }
    }
    assert_eq!(received, LATER);
    late.await.unwrap()
}
