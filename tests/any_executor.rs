//! A socket and a sleep work under executors that are not ours, and move between runtimes.

mod watchdog;

use std::future::Future;
use std::io;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Builder;
use reveille::time::{Instant, sleep, timeout};
use watchdog::Watchdog;

fn watchdog() -> Watchdog {
    Watchdog::new("a socket or sleep under some executor", Duration::from_secs(20))
}

/// A connected pair.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    Ok((client, server))
}

/// Makes `stream` wait for a message that its peer sends only after a sleep, and checks it.
async fn waits_for_a_message(stream: &TcpStream, peer: &TcpStream) -> io::Result<()> {
    let send = async {
        let start = Instant::now();
        sleep(Duration::from_millis(2)).await;
        assert!(start.elapsed() >= Duration::from_millis(2));
        peer.write_all(b"reveille").await
    };
    let receive = async {
        let mut message = [0; 8];
        stream.read_exact(&mut message).await?;
        assert_eq!(&message, b"reveille");
        io::Result::Ok(())
    };
    let (sent, received) = both(send, receive).await;
    sent.and(received)
}

async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    futures_lite::future::zip(a, b).await
}

async fn everything() -> io::Result<()> {
    let (client, server) = pair().await?;
    waits_for_a_message(&client, &server).await?;
    waits_for_a_message(&server, &client).await?;
    assert!(
        timeout(Duration::from_millis(2), client.read(&mut [0; 1]))
            .await
            .is_err()
    );
    Ok(())
}

#[test]
fn under_reveille() {
    let _watchdog = watchdog();
    reveille::block_on(everything()).unwrap();
}

#[test]
fn under_pollster() {
    let _watchdog = watchdog();
    pollster::block_on(everything()).unwrap();
}

#[test]
fn under_futures_executor() {
    let _watchdog = watchdog();
    futures_executor::block_on(everything()).unwrap();
    let mut pool = futures_executor::LocalPool::new();
    pool.run_until(everything()).unwrap();
}

#[test]
fn inside_tokio() {
    let _watchdog = watchdog();
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    current.block_on(everything()).unwrap();
    let multi = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    multi
        .block_on(async { tokio::spawn(everything()).await.unwrap() })
        .unwrap();
}

/// Elsewhere a socket stays with the runtime that it was made in.
#[cfg(unix)]
#[test]
fn moved_between_runtimes_and_executors() {
    let _watchdog = watchdog();
    let first = Builder::current_thread().build().unwrap();
    let second = Builder::current_thread().build().unwrap();
    let (client, server) = first.block_on(async {
        let (client, server) = pair().await.unwrap();
        waits_for_a_message(&client, &server).await.unwrap();
        (client, server)
    });
    // Registered with a runtime that still exists but is not driven.
    second.block_on(waits_for_a_message(&server, &client)).unwrap();
    drop(first);
    // Registered with one that is gone.
    second.block_on(waits_for_a_message(&client, &server)).unwrap();
    pollster::block_on(waits_for_a_message(&client, &server)).unwrap();
    drop(second);
    pollster::block_on(waits_for_a_message(&server, &client)).unwrap();
    reveille::block_on(waits_for_a_message(&client, &server)).unwrap();
}

#[test]
fn a_sleep_that_outlives_its_runtime_completes_elsewhere_and_not_early() {
    let _watchdog = watchdog();
    // On a slow machine it is over before the first runtime ends; then a longer one is tried.
    let mut after = Duration::from_millis(20);
    loop {
        let deadline = Instant::now() + after;
        let mut moved = reveille::time::sleep_until(deadline);
        let outlives = reveille::block_on(async { timeout(Duration::ZERO, &mut moved).await.is_err() });
        if outlives {
            pollster::block_on(moved);
            assert!(Instant::now() >= deadline);
            break;
        }
        after *= 2;
    }
}

#[test]
fn a_read_that_waits_when_its_runtime_ends_goes_on_elsewhere() {
    let _watchdog = watchdog();
    let (client, server) = pollster::block_on(pair()).unwrap();
    let mut buffer = [0; 1];
    let mut read = Box::pin(client.read(&mut buffer));
    reveille::block_on(async {
        assert!(timeout(Duration::from_millis(1), &mut read).await.is_err());
    });
    pollster::block_on(server.write_all(b"x")).unwrap();
    assert_eq!(pollster::block_on(read).unwrap(), 1);
}
