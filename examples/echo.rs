//! An echo server: every client gets back what it sends, until ctrl-c ends the server.
//!
//! ```console
//! $ cargo run --example echo -- 127.0.0.1:7000     # without an address: a free port of loopback
//! $ cargo run --example echo_client -- 127.0.0.1:7000 hello
//! ```

use std::time::Duration;
use std::{env, io};

use reveille::net::{TcpListener, TcpStream};
use reveille::{signal, time};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    reveille::block_on(async {
        let listener = TcpListener::bind(&address).await?;
        println!("listening on {}", listener.local_addr()?);
        // The server runs as a task beside this code, and is cancelled with its connections when `block_on` returns.
        // Nobody waits for its output: dropping the handle detaches the task.
        reveille::spawn(serve(listener));
        signal::ctrl_c().await?;
        println!("goodbye");
        Ok(())
    })
}

async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            // One task for each connection: an error ends that task and no other.
            Ok((stream, peer)) => {
                reveille::spawn(async move {
                    if let Err(error) = echo(&stream).await {
                        eprintln!("{peer}: {error}");
                    }
                });
            }
            // Most often too many open files. The next accept would fail as well, at once: leave the connections
            // time to end rather than spin. Clients wait in the backlog meanwhile.
            Err(error) => {
                eprintln!("accept: {error}");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn echo(stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        // One read takes what has come so far, be it a part of a message or several. Zero bytes: the client has
        // nothing more to send.
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
