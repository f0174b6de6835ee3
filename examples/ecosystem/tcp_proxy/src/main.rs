//! Carries every TCP connection that comes in to another address, both ways, until both sides have ended it.
//!
//! ```console
//! $ cargo run -p tcp_proxy -- 127.0.0.1:7000 127.0.0.1:6379 &
//! listening on 127.0.0.1:7000
//! $ redis-benchmark -p 7000
//! ```

use std::{env, io};

use reveille::io::copy_bidirectional;
use reveille::net::{AcceptPolicy, TcpListener, TcpStream};

#[reveille::main]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let (Some(here), Some(there)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other(
            "where to listen and where to connect to are needed",
        ));
    };
    let listener = TcpListener::bind(here).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut incoming = listener.incoming(AcceptPolicy::default());
    loop {
        let (client, peer) = incoming.accept().await?;
        let there = there.clone();
        reveille::spawn(async move {
            if let Err(error) = carry(client, &there).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn carry(mut client: TcpStream, there: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(there).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
