//! A server that ends as it should: at ctrl-c it takes no more connections, has those that it has finish what they are at,
//! for a while, and then says what was left.
//!
//! ```console
//! $ cargo run --example graceful_shutdown -- 127.0.0.1:7002 10     # seconds to wait; 5 if none are given
//! $ nc 127.0.0.1 7002                                              # each line comes back; then ctrl-c over there
//! ```

use std::net::SocketAddr;
use std::time::Duration;
use std::{env, io};

use reveille::io::{AsyncBufReadExt, BufReader};
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Runtime;
use reveille::task::JoinSet;
use reveille::time::{sleep, timeout};
use reveille::{select, signal};
use tokio_util::sync::CancellationToken;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let seconds = arguments.next().map_or(Ok(5), |seconds| seconds.parse());
    let patience = Duration::from_secs(seconds.map_err(io::Error::other)?);

    let runtime = Runtime::new()?;
    runtime.block_on(serve(&address, patience))?;
    // Tasks that are left are cancelled: dropped where they wait. What cannot be dropped, since it blocks, is in the report.
    println!("{}", runtime.shutdown(Duration::from_secs(1)));
    Ok(())
}

async fn serve(address: &str, patience: Duration) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let stopping = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut ctrl_c = signal::ctrl_c();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(attend(stream, peer, stopping.clone()));
                }
                Err(error) => {
                    eprintln!("accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            // Takes those that have ended out of the set, or it would grow.
            Some(_) = connections.join_next() => {}
            told = &mut ctrl_c => break told?,
        }
    }
    // Who comes now is refused by the system.
    drop(listener);
    println!("stopping");
    stopping.cancel();
    let all = async { while connections.join_next().await.is_some() {} };
    match timeout(patience, all).await {
        Ok(()) => println!("every connection has ended"),
        Err(_) => println!("{} did not end in time", connections.len()),
    }
    connections.detach_all();
    Ok(())
}

async fn attend(stream: TcpStream, peer: SocketAddr, stopping: CancellationToken) {
    if let Err(error) = answer(&stream, stopping).await {
        eprintln!("{peer}: {error}");
    }
}

/// Sends each line back, until the client has no more, or the server stops between two lines.
async fn answer(stream: &TcpStream, stopping: CancellationToken) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        select! {
            biased;
            // What was read before it is dropped is in `line`.
            read = reader.read_until(b'\n', &mut line) => read?,
            () = stopping.cancelled() => {
                if line.is_empty() {
                    return stream.write_all(b"goodbye\n").await;
                }
                reader.read_until(b'\n', &mut line).await?
            }
        };
        if line.is_empty() {
            return Ok(());
        }
        stream.write_all(&line).await?;
    }
}
