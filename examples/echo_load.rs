//! Holds many connections to an echo server open at once, and checks every byte that comes back.
//!
//! ```console
//! $ cargo run --release --example echo -- 127.0.0.1:7000
//! $ cargo run --release --example echo_load -- 127.0.0.1:7000 1000 100     # connections, messages on each
//! ```
//!
//! `ci/echo-load` does this with 10,000 connections. No message is sent before every connection has carried one byte
//! there and back: a connection in the backlog is open for its client, though the server has never seen it.

use std::net::Shutdown;
use std::ops::Range;
use std::time::Instant;
use std::{env, io, process};

use reveille::net::TcpStream;
use reveille::task::JoinHandle;

/// How many connections are opened at a time: fewer than the backlog of a listener holds.
const OPENING: usize = 64;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, connections, messages] = &arguments[..] else {
        usage()
    };
    let (Ok(connections), Ok(messages)) = (connections.parse(), messages.parse()) else {
        usage()
    };
    reveille::block_on(load(address, connections, messages))
}

fn usage() -> ! {
    eprintln!("usage: echo_load ADDRESS CONNECTIONS MESSAGES");
    process::exit(2)
}

async fn load(address: &str, connections: usize, messages: usize) -> io::Result<()> {
    let start = Instant::now();
    let share = |n: usize| n * connections / OPENING..(n + 1) * connections / OPENING;
    let openers = (0..OPENING).map(|n| reveille::spawn(open(address.to_owned(), share(n))));
    let streams: Vec<_> = join_all(openers.collect()).await?.into_iter().flatten().collect();
    println!(
        "open      {:>12} connections, in {:.2} s",
        streams.len(),
        start.elapsed().as_secs_f64()
    );

    let start = Instant::now();
    let numbered = streams.into_iter().enumerate();
    let clients = numbered.map(|(number, stream)| reveille::spawn(converse(stream, number, messages)));
    let bytes: usize = join_all(clients.collect()).await?.into_iter().sum();
    let seconds = start.elapsed().as_secs_f64();
    let messages = connections * messages;
    println!("echoed    {messages:>12} messages, {bytes} bytes, every one checked, none lost");
    println!(
        "in        {seconds:>12.2} s: {:.0} messages/s",
        messages as f64 / seconds
    );
    Ok(())
}

/// The outputs of all `tasks`, or the first error among them.
async fn join_all<T>(tasks: Vec<JoinHandle<io::Result<T>>>) -> io::Result<Vec<T>> {
    let mut outputs = Vec::with_capacity(tasks.len());
    for task in tasks {
        outputs.push(task.await.map_err(io::Error::other)??);
    }
    Ok(outputs)
}

async fn open(address: String, numbers: Range<usize>) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(numbers.len());
    for number in numbers {
        let stream = TcpStream::connect(&address).await?;
        check(&stream, &[number as u8]).await?;
        streams.push(stream);
    }
    Ok(streams)
}

/// Sends the messages of one connection, each after the reply to the last; the number of their bytes.
async fn converse(stream: TcpStream, number: usize, messages: usize) -> io::Result<usize> {
    let mut bytes = 0;
    for message in 0..messages {
        let text = format!("message {message} of connection {number}, ");
        // Lengths from one of these texts to many of them.
        let text = text.repeat(1 + (number + message) % 16);
        check(&stream, text.as_bytes()).await?;
        bytes += text.len();
    }
    // After the last one the server closes too, and has said nothing else.
    stream.shutdown(Shutdown::Write)?;
    match stream.read(&mut [0; 64]).await? {
        0 => Ok(bytes),
        more => Err(io::Error::other(format!(
            "connection {number}: {more} bytes that nobody sent"
        ))),
    }
}

async fn check(stream: &TcpStream, message: &[u8]) -> io::Result<()> {
    stream.write_all(message).await?;
    let mut reply = vec![0; message.len()];
    stream.read_exact(&mut reply).await?;
    if reply != message {
        return Err(io::Error::other("the reply is not what was sent"));
    }
    Ok(())
}
