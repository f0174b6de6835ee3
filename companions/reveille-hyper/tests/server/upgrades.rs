//! Connections that go on as something else than HTTP.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::rt::{Read, ReadBuf, Write};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::server::conn::auto::upgrade;
use reveille::hyper::{HyperExecutor, HyperTimer};
use reveille::net::TcpStream;
use reveille::time::sleep;
use reveille_hyper::Accepted;

use crate::raw::Raw;
use crate::{everywhere, start, stop};

const UPGRADE: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: shout\r\n\r\n";

/// Agrees to shout, and does so in a task of its own.
async fn shout(mut request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    if !request.headers().contains_key("upgrade") {
        return Ok(Response::new("in a low voice".into()));
    }
    let upgraded = hyper::upgrade::on(&mut request);
    drop(reveille::spawn(async move {
        shout_back(upgraded.await.unwrap()).await;
    }));
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "shout")
        .body(String::new());
    Ok(response.unwrap())
}

async fn shout_back(upgraded: Upgraded) {
    let parts = upgrade::downcast::<Accepted<TcpStream>>(upgraded).unwrap();
    // What had come with the request.
    let mut heard = parts.read_buf.to_vec();
    // As long as `accepted` lives the connection counts as one of the server's.
    let accepted = parts.io;
    let stream = accepted.get_ref();
    loop {
        heard.make_ascii_uppercase();
        stream.write_all(&heard).await.unwrap();
        heard.resize(64, 0);
        // Until the client goes, or the runtime ends.
        match stream.read(&mut heard).await {
            Ok(count @ 1..) => heard.truncate(count),
            Ok(_) | Err(_) => return,
        }
    }
}

#[test]
fn an_upgraded_connection_is_the_services() {
    everywhere("an upgrade", async || {
        let (stop, signal) = stop();
        let (address, server) = start(service_fn(shout), |server| server.graceful(signal)).await;
        let mut client = Raw::connect(address).await;
        // Some of it comes with the request.
        client.send(&format!("{UPGRADE}hello")).await.unwrap();
        assert!(client.answer().await.head.starts_with("http/1.1 101 "));
        assert_eq!(client.bytes(5).await, "HELLO");

        // The server's end is none for it, and nobody waits for it.
        stop();
        let report = server.await.unwrap().unwrap();
        assert_eq!((report.connections(), report.cut()), (1, 0));
        client.send("still there?").await.unwrap();
        assert_eq!(client.bytes(12).await, "STILL THERE?");
    });
}

#[test]
fn an_upgraded_connection_counts_as_open() {
    crate::paused("an upgraded connection and the limit", async || {
        let (address, _server) = start(service_fn(shout), |server| server.max_connections(1)).await;
        let mut first = Raw::connect(address).await;
        first.send(UPGRADE).await.unwrap();
        assert!(first.answer().await.head.starts_with("http/1.1 101 "));

        let mut second = Raw::connect(address).await;
        second.get("/").await;
        let answer = {
            let mut answer = std::pin::pin!(second.answer());
            let early = reveille::time::timeout(Duration::from_secs(5), answer.as_mut()).await;
            assert!(early.is_err(), "{early:?}");
            drop(first);
            answer.await
        };
        assert_eq!(answer.body, "in a low voice");
    });
}

async fn write(tunnel: &mut Upgraded, bytes: &[u8]) {
    let written = poll_fn(|cx| Pin::new(&mut *tunnel).poll_write(cx, bytes)).await;
    assert_eq!(written.unwrap(), bytes.len());
}

/// What comes next: nothing at the end.
async fn read(tunnel: &mut Upgraded) -> Vec<u8> {
    let mut bytes = [0; 64];
    let mut buffer = ReadBuf::new(&mut bytes);
    drop(poll_fn(|cx| Pin::new(&mut *tunnel).poll_read(cx, buffer.unfilled())).await);
    buffer.filled().to_vec()
}

/// Agrees to a tunnel, and sends back what comes.
async fn reflect(mut request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let upgraded = hyper::upgrade::on(&mut request);
    drop(reveille::spawn(async move {
        let mut tunnel = upgraded.await.unwrap();
        loop {
            match read(&mut tunnel).await {
                heard if heard.is_empty() => return,
                heard => write(&mut tunnel, &heard).await,
            }
        }
    }));
    Ok(Response::new(String::new()))
}

#[test]
fn a_tunnel_over_http_2_is_no_idle_connection_and_is_waited_for() {
    crate::paused("a tunnel over http/2", async || {
        let (stop, signal) = stop();
        let (address, server) = start(service_fn(reflect), |server| {
            server.idle_timeout(Duration::from_secs(10)).graceful(signal)
        })
        .await;
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http2::Builder::new(HyperExecutor)
            .timer(HyperTimer)
            .handshake(stream)
            .await
            .unwrap();
        drop(reveille::spawn(connection));
        let request = Request::connect("localhost:80").body(Empty::<Bytes>::new());
        let response = sender.send_request(request.unwrap()).await.unwrap();
        let mut tunnel = hyper::upgrade::on(response).await.unwrap();

        sleep(Duration::from_secs(100)).await;
        write(&mut tunnel, b"idle?").await;
        assert_eq!(read(&mut tunnel).await, b"idle?");
        stop();
        sleep(Duration::from_secs(100)).await;
        assert!(!server.is_finished());
        write(&mut tunnel, b"over?").await;
        assert_eq!(read(&mut tunnel).await, b"over?");
        drop(tunnel);
        assert_eq!(server.await.unwrap().unwrap().cut(), 0);
    });
}
