//! A WebSocket server that sends back each message. async-tungstenite answers pings and does the closing handshake; its
//! stream is a socket of reveille's, by the traits of `futures-io`.
//!
//! ```console
//! $ cargo run -p websocket -- 127.0.0.1:7001
//! listening on 127.0.0.1:7001
//! $ python3 -m websockets ws://127.0.0.1:7001
//! ```

use std::time::Duration;
use std::{env, io};

use async_tungstenite::accept_async_with_config;
use async_tungstenite::tungstenite::error::{Error, ProtocolError};
use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use futures_util::StreamExt;
use reveille::net::{AcceptPolicy, TcpListener, TcpStream};
use reveille::time::timeout;

#[reveille::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut incoming = listener.incoming(AcceptPolicy::default());
    while let Some(accepted) = incoming.next().await {
        let (stream, peer) = accepted?;
        reveille::spawn(async move {
            match echo(stream).await {
                // Closed by the handshake, or left without it.
                Ok(()) | Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {}
                Err(error) => eprintln!("{peer}: {error}"),
            }
        });
    }
    Ok(())
}

async fn echo(stream: TcpStream) -> Result<(), Error> {
    // What a client can make the server hold; the default is 64 MiB.
    let config = WebSocketConfig::default()
        .max_message_size(Some(1 << 20))
        .max_frame_size(Some(1 << 20));
    let handshake = accept_async_with_config(stream, Some(config));
    let mut socket = timeout(Duration::from_secs(10), handshake)
        .await
        .map_err(io::Error::from)??;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
