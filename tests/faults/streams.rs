//! Streams both ways at once, in pieces of all sizes, through buffers of all sizes: every byte arrives, once and in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::zip;
use reveille::net::{TcpStream, UnixStream};
use reveille::runtime::Runtime;
use reveille::task::yield_now;

use crate::connections::{Buffers, Connection};
use crate::pattern::{Random, bytes, check};
use crate::stage::on_each_runtime;

/// How much one call is asked to move.
#[derive(Clone, Copy, Debug)]
enum Pieces {
    One,
    /// From one byte to so many.
    UpTo(usize),
}

/// What one exchange is like: how much goes each way, and how.
#[derive(Clone, Copy, Debug)]
struct Manner {
    total: usize,
    writes: Pieces,
    reads: Pieces,
    buffers: Buffers,
}

/// How the two tasks of one end share it.
#[derive(Clone, Copy, Debug)]
enum Sharing {
    Halves,
    Stream,
    /// One task does both.
    OneTask,
}

const MANNERS: [Manner; 5] = [
    Manner {
        total: 5_000,
        writes: Pieces::One,
        reads: Pieces::One,
        buffers: Buffers::Usual,
    },
    Manner {
        total: 5_000,
        writes: Pieces::One,
        reads: Pieces::UpTo(100),
        buffers: Buffers::Tiny,
    },
    Manner {
        total: 20_000,
        writes: Pieces::UpTo(60_000),
        reads: Pieces::One,
        buffers: Buffers::Tiny,
    },
    Manner {
        total: 100_000,
        writes: Pieces::UpTo(10_000),
        reads: Pieces::UpTo(10_000),
        buffers: Buffers::Tiny,
    },
    Manner {
        total: 2_000_000,
        writes: Pieces::UpTo(300_000),
        reads: Pieces::UpTo(70_000),
        buffers: Buffers::Usual,
    },
];

#[test]
fn tcp_streams_lose_and_double_nothing_in_pieces_of_any_size() {
    on_each_runtime("TCP streams in pieces", every_manner::<TcpStream>);
}

#[test]
fn unix_streams_lose_and_double_nothing_in_pieces_of_any_size() {
    on_each_runtime("Unix streams in pieces", every_manner::<UnixStream>);
}

fn every_manner<C: Connection>(runtime: &Runtime) {
    for manner in MANNERS {
        for sharing in [Sharing::Halves, Sharing::Stream, Sharing::OneTask] {
            runtime.block_on(async { exchange::<C>(manner, sharing).await.unwrap() });
        }
    }
}

async fn exchange<C: Connection>(manner: Manner, sharing: Sharing) -> io::Result<()> {
    let (one, other) = C::pair(manner.buffers).await?;
    let ends = [(one, 1, 2), (other, 2, 1)].map(|(stream, sends, receives)| {
        reveille::spawn(async move {
            match sharing {
                Sharing::Halves => {
                    let (reader, writer) = stream.halves();
                    let sender = reveille::spawn(send::<C>(writer, sends, manner));
                    receive::<C>(reader, receives, manner).await?;
                    sender.await.unwrap()
                }
                Sharing::Stream => {
                    let stream = Arc::new(stream);
                    let sender = reveille::spawn(send::<C>(stream.clone(), sends, manner));
                    receive::<C>(stream, receives, manner).await?;
                    sender.await.unwrap()
                }
                Sharing::OneTask => {
                    let stream = Arc::new(stream);
                    let sender = send::<C>(stream.clone(), sends, manner);
                    let (sent, received) = zip(sender, receive::<C>(stream, receives, manner)).await;
                    sent.and(received)
                }
            }
        })
    });
    for end in ends {
        end.await.unwrap()?;
    }
    Ok(())
}

async fn send<C: Connection>(stream: impl AsRef<C>, seed: u64, manner: Manner) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut sent = 0;
    while sent < manner.total {
        let length = manner.writes.draw(&mut random).min(manner.total - sent);
        let text = bytes(seed, sent, length);
        if random.below(2) == 0 {
            stream.as_ref().write_all(&text).await?;
            sent += length;
        } else {
            sent += stream.as_ref().write(&text).await?;
        }
    }
    stream.as_ref().finish()
}

async fn receive<C: Connection>(stream: impl AsRef<C>, seed: u64, manner: Manner) -> io::Result<()> {
    let mut random = Random::new(!seed);
    let mut received = 0;
    loop {
        let mut buffer = vec![0; manner.reads.draw(&mut random)];
        if random.below(4) == 0 {
            stream.as_ref().readable().await?;
        }
        let count = stream.as_ref().read(&mut buffer).await?;
        check(seed, received, &buffer[..count]);
        received += count;
        if count == 0 {
            assert_eq!(received, manner.total, "of stream {seed}: {manner:?}");
            return Ok(());
        }
    }
}

impl Pieces {
    fn draw(self, random: &mut Random) -> usize {
        match self {
            Self::One => 1,
            Self::UpTo(most) => 1 + random.below(most),
        }
    }
}

/// More than the system buffers on one connection.
const PLENTY: usize = 12 << 20;

#[test]
fn buffers_full_both_ways_are_emptied_without_a_loss() {
    on_each_runtime("full buffers", |runtime| {
        for buffers in [Buffers::Usual, Buffers::Tiny] {
            runtime.block_on(async {
                full_both_ways::<TcpStream>(buffers).await.unwrap();
                full_both_ways::<UnixStream>(buffers).await.unwrap();
            });
        }
    });
}

/// Both ends write until nothing fits any more, and are still writing; only then they read as well.
async fn full_both_ways<C: Connection>(buffers: Buffers) -> io::Result<()> {
    let (one, other) = C::pair(buffers).await?;
    let streams = [Arc::new(one), Arc::new(other)];
    let filled = [fill(&*streams[0], 1), fill(&*streams[1], 2)];
    // Behind what is full already more than ever fits, for which somebody waits in either direction.
    let more = match buffers {
        Buffers::Usual => PLENTY,
        Buffers::Tiny => PLENTY / 8,
    };
    let totals = filled.map(|filled| filled + more);
    let begun = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..2)
        .map(|end| {
            let (stream, begun) = (streams[end].clone(), begun.clone());
            let rest = bytes(end as u64 + 1, filled[end], totals[end] - filled[end]);
            reveille::spawn(async move {
                begun.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&rest).await?;
                stream.finish()
            })
        })
        .collect();
    while begun.load(Ordering::SeqCst) < 2 {
        yield_now().await;
    }
    for sender in &senders {
        assert!(!sender.is_finished(), "there is room for {more} bytes more");
    }
    let receivers = [1, 0].map(|from| {
        let (stream, total) = (streams[1 - from].clone(), totals[from]);
        let manner = Manner {
            total,
            writes: Pieces::One,
            reads: Pieces::UpTo(100_000),
            buffers,
        };
        reveille::spawn(receive::<C>(stream, from as u64 + 1, manner))
    });
    for task in senders.into_iter().chain(receivers) {
        task.await.unwrap()?;
    }
    Ok(())
}

/// Writes until the system takes no more; how much that was.
fn fill<C: Connection>(stream: &C, seed: u64) -> usize {
    let mut sent = 0;
    loop {
        match stream.try_write(&bytes(seed, sent, 64 * 1024)) {
            Ok(count) => sent += count,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                return sent;
            }
        }
        assert!(sent < 2 * PLENTY, "it is never full");
    }
}
