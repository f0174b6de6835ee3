//! Bad input gives a clear `io::Error`, and the runtime goes on.

mod watchdog;

use std::io::ErrorKind;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::runtime::Builder;
use reveille::time::sleep;
use watchdog::Watchdog;

/// Runs `bad`, then shows that the same runtime still serves a connection and a sleep.
fn and_the_runtime_goes_on(bad: impl AsyncFnOnce()) {
    let _watchdog = Watchdog::new("bad input", Duration::from_secs(60));
    reveille::block_on(async {
        bad().await;
        sleep(Duration::from_millis(1)).await;
        let (client, server) = pair().await;
        server.write_all(b"on").await.unwrap();
        let mut reply = [0; 2];
        client.read_exact(&mut reply).await.unwrap();
        assert_eq!(&reply, b"on");
    });
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

#[test]
fn a_used_port() {
    and_the_runtime_goes_on(async || {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = TcpListener::bind(first.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let error = UdpSocket::bind(socket.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
    });
}

#[test]
fn a_closed_port() {
    and_the_runtime_goes_on(async || {
        let closed = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let error = TcpStream::connect(closed).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    });
}

#[test]
fn a_bad_address() {
    and_the_runtime_goes_on(async || {
        for bad in [
            "",
            "no port",
            "127.0.0.1",
            "127.0.0.1:port",
            "127.0.0.1:99999",
            "[::1:80",
        ] {
            let error = TcpStream::connect(bad).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{bad:?}: {error}");
        }
        let none: &[std::net::SocketAddr] = &[];
        let error = TcpStream::connect(none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    });
}

#[test]
fn a_name_that_does_not_resolve() {
    and_the_runtime_goes_on(async || {
        // RFC 6761: `.invalid` never resolves.
        let error = TcpStream::connect("reveille.invalid:80").await.unwrap_err();
        assert!(!error.to_string().is_empty());
        assert!(reveille::net::lookup_host("reveille.invalid:80").await.is_err());
    });
}

#[test]
fn a_peer_that_resets_midway() {
    and_the_runtime_goes_on(async || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().unwrap();
        // Data that is never read makes the close a reset.
        client.write_all(&[7; 1000]).await.unwrap();
        let mut first = [0; 1];
        std::io::Read::read_exact(&mut &server, &mut first).unwrap();
        let read = reveille::task::spawn_local(async move { client.read(&mut [0; 64]).await });
        drop(server);
        let error = read.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    });
}

#[test]
fn settings_that_no_runtime_can_have() {
    let error = Builder::multi_thread().thread_name("a\0b").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let error = Builder::multi_thread()
        .worker_threads(usize::MAX)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}
