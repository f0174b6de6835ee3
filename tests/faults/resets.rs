//! A peer that resets the connection: after every single byte of a conversation, and while somebody waits.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reveille::io::Interest;
use reveille::net::{TcpListener, TcpStream, UnixStream};
use reveille::runtime::Runtime;
use reveille::task::yield_now;

use crate::connections::{Buffers, Connection};
use crate::pattern::{bytes, check};
use crate::stage::{on_each_runtime, waits};

/// Requests and replies, by turns: how many bytes each has.
const SCRIPT: [usize; 10] = [1, 3, 7, 1, 16, 20, 1, 1, 30, 40];

/// Bytes of all of them.
const ALL: usize = 120;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

#[test]
fn a_tcp_reset_after_any_byte_ends_the_other_side_at_a_prefix() {
    on_each_runtime("resets of TCP connections", |runtime| {
        every_reset::<TcpStream>(runtime);
    });
}

#[test]
fn a_unix_stream_closed_after_any_byte_ends_the_other_side_at_a_prefix() {
    on_each_runtime("Unix streams that close", every_reset::<UnixStream>);
}

fn every_reset<C: Connection>(runtime: &Runtime) {
    for breaker in [Role::Client, Role::Server] {
        // Who survives looks at once, or a while after the other one did something.
        for pause in [0, 3] {
            for limit in 0..=ALL {
                let case = format!("the {breaker:?} resets after byte {limit}, pauses of {pause} yields");
                runtime.block_on(async { one_reset::<C>(breaker, limit, pause, &case).await.unwrap() });
            }
        }
    }
}

async fn one_reset<C: Connection>(breaker: Role, limit: usize, pause: usize, case: &str) -> io::Result<()> {
    let survivor = match breaker {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    };
    let (breaks, survives) = C::pair(Buffers::Usual).await?;
    let breaks = reveille::spawn(async move {
        let mut moved = 0;
        let outcome = converse(&breaks, breaker, limit, 0, &mut moved).await;
        breaks.reset();
        outcome.map(|()| moved)
    });
    let survives = reveille::spawn(async move {
        let mut moved = 0;
        let outcome = converse(&survives, survivor, ALL, pause, &mut moved).await;
        if outcome.is_err() {
            nobody_waits_any_more(&survives).await;
        }
        (outcome, moved)
    });
    assert_eq!(breaks.await.unwrap()?, limit, "{case}");
    let (outcome, moved) = survives.await.unwrap();
    match outcome {
        Ok(()) => assert_eq!(moved, ALL, "{case}"),
        Err(error) => {
            assert!(is_end(&error), "{case}: {error:?}");
            assert!(limit < ALL, "{case}: {error:?}, though nothing was missing");
            // All that was received was sent, since it was checked: but not more than that.
            assert!(moved <= ALL, "{case}");
        }
    }
    Ok(())
}

/// Plays that role, up to byte `limit` of the whole conversation, of which `moved` tells how much was done.
async fn converse<C: Connection>(
    stream: &C,
    role: Role,
    limit: usize,
    pause: usize,
    moved: &mut usize,
) -> io::Result<()> {
    for (turn, length) in SCRIPT.into_iter().enumerate() {
        let message = length.min(limit - *moved);
        if (turn % 2 == 0) == (role == Role::Client) {
            let text = bytes(turn as u64, 0, message);
            yields(pause).await;
            stream.write_all(&text).await?;
            *moved += message;
        } else {
            let mut received = 0;
            while received < message {
                yields(pause).await;
                let mut buffer = vec![0; message - received];
                let count = stream.read(&mut buffer).await?;
                if count == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                check(turn as u64, received, &buffer[..count]);
                received += count;
                *moved += count;
            }
        }
        if *moved == limit {
            return Ok(());
        }
    }
    Ok(())
}

async fn yields(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// What ends a conversation.
fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// On a connection that is gone every operation ends, as often as one asks.
async fn nobody_waits_any_more<C: Connection>(stream: &C) {
    for _ in 0..2 {
        stream.readable().await.unwrap();
        // What came before the end is still there, and then the end.
        while !matches!(stream.read(&mut [0; 16]).await, Ok(0) | Err(_)) {}
        stream.writable().await.unwrap();
        // One write may still go out to a peer whose end is only half known.
        while stream.write_all(b"x").await.is_ok() {}
    }
}

/// How many operations wait in [`a_reset_ends_everybody_who_waits`].
const WAITERS: usize = 7;

#[test]
fn a_reset_ends_everybody_who_waits() {
    on_each_runtime("a reset while everybody waits", |runtime| {
        for _ in 0..100 {
            runtime.block_on(async { waiters_and_a_reset().await.unwrap() });
        }
    });
}

async fn waiters_and_a_reset() -> io::Result<()> {
    let (peer, stream) = TcpStream::pair(Buffers::Tiny).await?;
    while stream.try_write(&[0; 4096]).is_ok() {}
    let (stream, waiting) = (Arc::new(stream), Arc::new(AtomicUsize::new(0)));
    let mut tasks = Vec::new();
    for number in 0..WAITERS {
        let (stream, waiting) = (stream.clone(), waiting.clone());
        tasks.push(reveille::spawn(async move {
            let (mut one, mut eight) = ([0; 1], [0; 8]);
            match number {
                0 => parked(stream.read(&mut eight), &waiting).await.map(drop),
                1 => parked(stream.read_exact(&mut eight), &waiting).await.map(drop),
                2 => parked(stream.peek(&mut one), &waiting).await.map(drop),
                3 => parked(stream.readable(), &waiting).await,
                4 => parked(stream.ready(Interest::READABLE), &waiting).await.map(drop),
                5 => parked(stream.write_all(&[0; 4096]), &waiting).await,
                _ => parked(stream.writable(), &waiting).await,
            }
        }));
    }
    while waiting.load(Ordering::SeqCst) < WAITERS {
        yield_now().await;
    }
    peer.reset();
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(error) => assert!(is_end(&error), "{error:?}"),
        }
    }
    Ok(())
}

/// The outcome of `operation`, which has to wait first; `waiting` counts that it does.
async fn parked<F: Future>(operation: F, waiting: &AtomicUsize) -> F::Output {
    let mut operation = pin!(operation);
    waits(&mut operation).await;
    waiting.fetch_add(1, Ordering::SeqCst);
    operation.await
}

#[test]
fn a_client_that_resets_before_it_is_accepted_harms_nobody() {
    on_each_runtime("resets before the accept", |runtime| {
        runtime.block_on(async { resets_in_the_backlog().await.unwrap() });
    });
}

async fn resets_in_the_backlog() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    for _ in 0..50 {
        TcpStream::connect(listener.local_addr()?).await?.reset();
        let good = TcpStream::connect(listener.local_addr()?).await?;
        // The system shows the one that is gone, or hides it, or reports an error.
        loop {
            let Ok((server, from)) = listener.accept().await else {
                continue;
            };
            let mut buffer = [0; 2];
            if from == good.local_addr()? {
                good.write_all(b"ok").await?;
                assert_eq!(server.read_exact(&mut buffer).await?, 2);
                break;
            }
            let gone = server.read(&mut buffer).await;
            assert!(matches!(&gone, Err(error) if is_end(error)), "{gone:?}");
        }
    }
    Ok(())
}
