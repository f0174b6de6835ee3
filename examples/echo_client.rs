//! Sends lines to an echo server and prints what comes back. The lines are the arguments, or else standard input.
//!
//! ```console
//! $ cargo run --example echo_client -- 127.0.0.1:7000 hello world
//! $ cargo run --example echo_client -- 127.0.0.1:7000 < README.md
//! ```

use std::io::{self, BufRead, Write};
use std::{env, process};

use reveille::net::TcpStream;
use reveille::runtime::Builder;

/// How much is on its way at most. A client that writes on and on without reading can hang: once the buffers of both
/// ends are full, each waits for the other to read.
const CHUNK: usize = 4096;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let Some(address) = arguments.next() else {
        eprintln!("usage: echo_client ADDRESS [LINE...]");
        process::exit(2);
    };
    let arguments: Vec<String> = arguments.collect();

    // A runtime may be entered again and again; its sockets stay what they are in between. Here that keeps the
    // blocking wait for the terminal out of `block_on`, where it would stop every other task.
    let runtime = Builder::current_thread().build()?;
    let stream = runtime.block_on(TcpStream::connect(&address))?;
    let round_trip = |line: &[u8]| -> io::Result<()> {
        let reply = runtime.block_on(ask(&stream, line))?;
        io::stdout().write_all(&reply)
    };
    if arguments.is_empty() {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            round_trip(&line)?;
            line.clear();
        }
    }
    for line in arguments {
        round_trip(format!("{line}\n").as_bytes())?;
    }
    io::stdout().flush()
}

/// Sends `line` and waits for the same number of bytes.
async fn ask(stream: &TcpStream, line: &[u8]) -> io::Result<Vec<u8>> {
    let mut reply = vec![0; line.len()];
    for (sent, received) in line.chunks(CHUNK).zip(reply.chunks_mut(CHUNK)) {
        stream.write_all(sent).await?;
        stream.read_exact(received).await?;
    }
    Ok(reply)
}
