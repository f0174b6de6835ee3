//! The server under the client side of async-tungstenite, on reveille too.

use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketStream, client_async};
use futures_util::StreamExt;
use reveille::net::TcpStream;
use started::{Program, Watchdog};

fn server() -> Program {
    Program::ours(env!("CARGO_BIN_EXE_websocket"), &["127.0.0.1:0"])
}

async fn connect(server: &Program) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    client_async("ws://localhost/", stream).await.unwrap().0
}

#[test]
fn messages_come_back_and_pings_are_answered() {
    let _watchdog = Watchdog::new("an echo by WebSocket");
    let server = server();
    reveille::block_on(async {
        let mut socket = connect(&server).await;
        for message in [
            Message::text("réveille"),
            Message::binary(vec![0, 255, 10]),
            Message::binary(vec![7; 100_000]),
        ] {
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), message);
        }
        socket.send(Message::Ping("are you there".into())).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::Pong("are you there".into())
        );
    });
    assert_eq!(server.stop(), "");
}

#[test]
fn the_closing_handshake_is_answered_and_ends_the_connection() {
    let _watchdog = Watchdog::new("a closing handshake");
    let server = server();
    reveille::block_on(async {
        let mut socket = connect(&server).await;
        let frame = CloseFrame {
            code: CloseCode::Away,
            reason: "enough".into(),
        };
        socket.close(Some(frame.clone())).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Close(Some(frame)));
        assert!(socket.next().await.is_none());
    });
    assert_eq!(server.stop(), "");
}

#[test]
fn a_message_that_is_too_long_ends_its_connection_alone() {
    let _watchdog = Watchdog::new("a message that is too long");
    let server = server();
    reveille::block_on(async {
        let mut greedy = connect(&server).await;
        let mut modest = connect(&server).await;
        // It may be cut off while it is still sending.
        let _ = greedy.send(Message::binary(vec![0; 2 << 20])).await;
        match greedy.next().await {
            None | Some(Err(_) | Ok(Message::Close(_))) => {}
            Some(Ok(message)) => panic!("{message:?}"),
        }
        modest.send(Message::text("still here")).await.unwrap();
        assert_eq!(modest.next().await.unwrap().unwrap(), Message::text("still here"));
    });
    server.wait_for("too long");
}

#[test]
fn who_speaks_no_websocket_is_refused() {
    let _watchdog = Watchdog::new("plain HTTP");
    let server = server();
    reveille::block_on(async {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        let refused = stream.read(&mut [0; 1024]).await;
        assert!(!matches!(refused, Ok(101..)), "{refused:?}");
        let error = client_async("ws://localhost/", stream).await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_) | Error::Io(_)), "{error}");
    });
    // Whoever it was, by the address.
    server.wait_for("127.0.0.1:");
}
