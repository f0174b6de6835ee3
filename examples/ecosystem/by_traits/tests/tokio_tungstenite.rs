//! `tokio-tungstenite` without its feature `connect`, both ends of it, over the traits of `tokio::io`.

use futures_util::{SinkExt, StreamExt};
use reveille::net::{TcpListener, TcpStream};
use started::Watchdog;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, client_async};

#[reveille::test]
async fn messages_come_back_in_order_and_the_close_is_answered() {
    let _watchdog = Watchdog::new("WebSocket with itself");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = reveille::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut sink, stream) = accept_async(stream).await.unwrap().split();
        let mut messages = stream.map(Result::unwrap);
        while let Some(message) = messages.next().await {
            if message.is_text() || message.is_binary() {
                sink.send(message).await.unwrap();
            }
        }
    });

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = client_async(format!("ws://{address}/"), stream).await.unwrap();
    let large = Message::binary(vec![7; 1 << 20]);
    let sent = [Message::text("first"), large, Message::text("last")];
    for message in &sent {
        socket.feed(message.clone()).await.unwrap();
    }
    socket.flush().await.unwrap();
    for message in sent {
        assert!(socket.next().await.unwrap().unwrap() == message);
    }
    socket.close(None).await.unwrap();
    // Its answer to the close, and then the end.
    assert!(socket.next().await.unwrap().unwrap().is_close());
    assert!(socket.next().await.is_none());
    server.await.unwrap();
}
