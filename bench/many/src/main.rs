//! Holds many connections open. `bench-many ADDRESS CONNECTIONS` opens them, and for each line that it reads sends a message
//! of 64 bytes on each and checks the answer; then it prints `answered`. Ends with its input. With `--short` it closes each
//! connection before it opens the next.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const MESSAGE: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let short = arguments.last().is_some_and(|last| last == "--short");
    arguments.truncate(arguments.len() - usize::from(short));
    let [address, connections] = arguments.as_slice() else {
        return Err("usage: bench-many ADDRESS CONNECTIONS [--short]".into());
    };
    let connections = connections.parse()?;
    if short {
        (0..connections).try_for_each(|_| {
            let mut stream = open(address)?;
            stream.write_all(&message("short"))?;
            answered(&mut stream, message("short"))
        })?;
        return Ok(());
    }
    let mut streams = (0..connections)
        .map(|_| open(address))
        .collect::<io::Result<Vec<_>>>()?;
    println!("open {}", streams.len());
    for round in io::stdin().lock().lines() {
        let sent = message(&round?);
        // All are sent before the first answer is read, so that every connection has something to say at once.
        for stream in &mut streams {
            stream.write_all(&sent)?;
        }
        for stream in &mut streams {
            answered(stream, sent)?;
        }
        println!("answered {}", streams.len());
    }
    Ok(())
}

fn open(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

/// What was sent comes back.
fn answered(stream: &mut TcpStream, sent: [u8; MESSAGE]) -> io::Result<()> {
    let mut received = [0; MESSAGE];
    stream.read_exact(&mut received)?;
    if received != sent {
        return Err(io::Error::other("a wrong answer"));
    }
    Ok(())
}

fn message(round: &str) -> [u8; MESSAGE] {
    let mut message = [b'.'; MESSAGE];
    for (byte, from) in message.iter_mut().zip(round.bytes()) {
        *byte = from;
    }
    message
}
