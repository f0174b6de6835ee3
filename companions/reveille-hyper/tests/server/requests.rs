//! Requests over HTTP/1 and HTTP/2, of services of hyper's and of tower's.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use reveille::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{TcpListener, TcpStream};

use crate::raw::Raw;
use crate::{everywhere, start, stop};

/// Answers with the path.
async fn path(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(request.uri().path().to_owned()))
}

#[test]
fn requests_go_over_one_connection_one_after_the_other() {
    everywhere("keep-alive", async || {
        let (stop, signal) = stop();
        let (address, server) = start(service_fn(path), |server| server.graceful(signal)).await;
        let mut client = Raw::connect(address).await;
        for path in ["/one", "/two", "/three"] {
            client.get(path).await;
            let answer = client.answer().await;
            assert!(answer.head.starts_with("http/1.1 200 ok\r\n"), "{answer:?}");
            assert_eq!(answer.body, path);
        }
        stop();
        client.ended().await;
        let report = server.await.unwrap().unwrap();
        assert_eq!((report.connections(), report.cut()), (1, 0));
    });
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    everywhere("pipelining", async || {
        let (address, _server) = start(service_fn(path), |server| server).await;
        let mut client = Raw::connect(address).await;
        let requests: String = (0..100)
            .map(|number| format!("GET /{number} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
            .collect();
        client.send(&requests).await.unwrap();
        for number in 0..100 {
            assert_eq!(client.answer().await.body, format!("/{number}"));
        }
    });
}

#[test]
fn who_asks_for_the_end_of_a_connection_gets_it() {
    everywhere("connection: close", async || {
        let (address, _server) = start(service_fn(path), |server| server).await;
        let mut client = Raw::connect(address).await;
        let request = "GET /last HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        client.send(request).await.unwrap();
        assert_eq!(client.answer().await.body, "/last");
        client.ended().await;
    });
}

#[test]
fn http_2_is_known_by_its_first_bytes_and_has_many_requests_at_once() {
    everywhere("http/2", async || {
        let (stop, signal) = stop();
        let (address, server) = start(service_fn(echo), |server| server.graceful(signal)).await;
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = hyper::client::conn::http2::Builder::new(HyperExecutor)
            .timer(HyperTimer)
            .handshake(stream)
            .await
            .unwrap();
        let connection = reveille::spawn(connection);
        let mut requests = Vec::new();
        for number in 0..32 {
            let mut sender = sender.clone();
            requests.push(reveille::spawn(async move {
                // More than a window of flow control.
                let text = format!("{number} ").repeat(30_000);
                let request = Request::post("http://localhost/").body(Full::<Bytes>::from(text.clone()));
                let response = sender.send_request(request.unwrap()).await.unwrap();
                assert_eq!(response.version(), hyper::Version::HTTP_2);
                assert!(response.into_body().collect().await.unwrap().to_bytes() == text);
            }));
        }
        for request in requests {
            request.await.unwrap();
        }
        stop();
        connection.await.unwrap().unwrap();
        let report = server.await.unwrap().unwrap();
        assert_eq!((report.connections(), report.cut()), (1, 0));
        drop(sender);
    });
}

/// Answers with what it was sent, while it comes.
async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

#[test]
fn a_router_of_axum_is_served() {
    everywhere("axum", async || {
        let router = Router::new()
            .route("/", get(async || "a router"))
            .route("/shout", post(async |text: String| text.to_uppercase()));
        let (address, _server) = start(router, |server| server).await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        assert_eq!(client.answer().await.body, "a router");
        let request = "POST /shout HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello";
        client.send(request).await.unwrap();
        assert_eq!(client.answer().await.body, "HELLO");
        client.get("/nowhere").await;
        assert!(client.answer().await.head.starts_with("http/1.1 404 "));
    });
}

#[test]
fn a_service_may_be_made_for_each_connection() {
    everywhere("a service for each", async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = reveille_hyper::serve_with(listener, |peer: &SocketAddr| {
            let peer = *peer;
            service_fn(move |_: Request<Incoming>| async move {
                Ok::<_, Infallible>(Response::new(peer.to_string()))
            })
        });
        drop(reveille::spawn(async { server.await }));
        for _ in 0..2 {
            let stream = TcpStream::connect(address).await.unwrap();
            let own = stream.local_addr().unwrap();
            let mut client = Raw::new(stream);
            client.get("/").await;
            assert_eq!(client.answer().await.body, own.to_string());
        }
    });
}

#[test]
fn what_a_service_returns_as_an_error_ends_its_connection_and_is_told() {
    everywhere("a service that fails", async || {
        let errors = crate::Errors::default();
        let hook = errors.hook();
        let fails = service_fn(|_: Request<Incoming>| async {
            Err::<Response<Full<Bytes>>, _>(std::io::Error::other("no answer today"))
        });
        let (stop, signal) = stop();
        let (address, server) =
            start(fails, |server| server.graceful(signal).on_connection_error(hook)).await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        client.ended().await;
        stop();
        server.await.unwrap().unwrap();
        let told = errors.take();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("error from user's Service"), "{told:?}");
    });
}

#[test]
fn a_service_that_panics_ends_its_connection_and_no_other() {
    everywhere("a service that panics", async || {
        let router = Router::new()
            .route("/", get(async || "well"))
            .route("/panic", get(async || -> &'static str { panic!("on purpose") }));
        let (stop, signal) = stop();
        let (address, server) = start(router, |server| server.graceful(signal)).await;
        let mut other = Raw::connect(address).await;
        other.get("/").await;
        assert_eq!(other.answer().await.body, "well");
        let mut client = Raw::connect(address).await;
        client.get("/panic").await;
        client.ended().await;
        other.get("/").await;
        assert_eq!(other.answer().await.body, "well");
        stop();
        assert_eq!(server.await.unwrap().unwrap().connections(), 2);
    });
}

#[test]
fn hyper_is_configured_as_told() {
    everywhere("settings of hyper", async || {
        let (address, _server) = start(service_fn(path), |server| {
            server.configure(|http| {
                http.http1().max_headers(2);
            })
        })
        .await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        assert_eq!(client.answer().await.body, "/");
        client
            .send("GET / HTTP/1.1\r\nhost: a\r\none: 1\r\ntwo: 2\r\n\r\n")
            .await
            .unwrap();
        let answer = client.answer().await;
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_str();
        assert!(
            answer.head.starts_with(&format!("http/1.1 {status} ")),
            "{answer:?}"
        );
    });
}

#[test]
#[should_panic(expected = "refuse requests of the other in the service")]
fn a_restriction_that_would_not_be_heeded_is_refused() {
    reveille::block_on(async {
        let started = start(service_fn(path), |server| {
            server.configure(|http| *http = http.clone().http1_only())
        });
        drop(started.await);
    });
}

#[cfg(unix)]
#[test]
fn unix_sockets_are_served() {
    use reveille::net::{UnixListener, UnixStream};

    everywhere("unix sockets", async || {
        let path_of_socket = std::env::temp_dir().join(format!("reveille-hyper-{}", std::process::id()));
        let _ = std::fs::remove_file(&path_of_socket);
        let listener = UnixListener::bind(&path_of_socket).unwrap();
        let (stop, signal) = stop();
        let server = reveille_hyper::serve(listener, service_fn(path)).graceful(signal);
        let server = reveille::spawn(async { server.await });
        let mut client = Raw::new(UnixStream::connect(&path_of_socket).await.unwrap());
        client.get("/unix").await;
        assert_eq!(client.answer().await.body, "/unix");
        stop();
        client.ended().await;
        assert_eq!(server.await.unwrap().unwrap().connections(), 1);
        std::fs::remove_file(&path_of_socket).unwrap();
    });
}
