//! What the two ends make of lines that are none.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use line_protocol::{Client, LONGEST, Server};
use pollster::block_on;
use started::Watchdog;

/// How `serve` ends for a client that sends `bytes` and leaves, and what that client gets.
fn served(bytes: &[u8]) -> (Result<(), ErrorKind>, String) {
    block_on(async {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        client.write_all(bytes).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let connection = server.accept().await.unwrap();
        let outcome = connection
            .serve(str::to_uppercase)
            .await
            .map_err(|error| error.kind());
        let mut reply = Vec::new();
        // An end before all was read may be a reset.
        let _ = client.read_to_end(&mut reply);
        (outcome, String::from_utf8(reply).unwrap())
    })
}

#[test]
fn several_lines_at_once_are_answered_one_by_one() {
    let _watchdog = Watchdog::new("lines");
    assert_eq!(served(b""), (Ok(()), String::new()));
    assert_eq!(served(b"one\n\ntwo\n"), (Ok(()), "ONE\n\nTWO\n".into()));
}

#[test]
fn what_is_no_line_ends_the_connection() {
    let _watchdog = Watchdog::new("what is no line");
    assert_eq!(
        served(b"one\ntw"),
        (Err(ErrorKind::UnexpectedEof), "ONE\n".into())
    );
    assert_eq!(served(b"\xff\n").0, Err(ErrorKind::InvalidData));
    let longest = "x".repeat(LONGEST - 1);
    assert_eq!(served(format!("{longest}\n").as_bytes()).0, Ok(()));
    assert_eq!(
        served("x".repeat(4 * LONGEST).as_bytes()).0,
        Err(ErrorKind::InvalidData)
    );
}

#[test]
fn a_client_says_when_the_server_leaves_and_sends_nothing_but_lines() {
    let _watchdog = Watchdog::new("a server that leaves");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    block_on(async {
        let mut client = Client::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().unwrap();
        for request in ["two\nlines".to_owned(), "x".repeat(LONGEST)] {
            let error = client.request(&request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        server.write_all(b"response\n").unwrap();
        assert_eq!(client.request("request").await.unwrap(), "response");
        // All of that was read, so it ends without a reset.
        server.read_exact(&mut [0; 8]).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let error = client.request("anybody?").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    });
}
