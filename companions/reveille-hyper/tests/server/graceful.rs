//! The end of a server.

use std::convert::Infallible;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{AcceptPolicy, TcpListener, TcpStream};
use reveille::time::{Instant, sleep};
use reveille_hyper::{IntoHttpService, Listener};
use tokio::sync::Semaphore;

use crate::raw::{HTTP_2, Raw};
use crate::{Errors, everywhere, paused, start, stop};

/// A service that says when it was asked, and answers when it is let.
#[derive(Clone)]
struct Gate {
    asked: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self {
            asked: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    fn service(&self) -> impl IntoHttpService<reveille_hyper::ByHyper> + use<> {
        let gate = self.clone();
        service_fn(move |_: Request<Incoming>| {
            let gate = gate.clone();
            async move {
                gate.asked.add_permits(1);
                gate.open.acquire().await.unwrap().forget();
                Ok::<_, Infallible>(Response::new("at last".to_owned()))
            }
        })
    }

    async fn asked(&self) {
        self.asked.acquire().await.unwrap().forget();
    }

    fn open(&self) {
        self.open.add_permits(1);
    }
}

#[test]
fn a_request_that_runs_is_answered_and_nobody_new_is_taken() {
    everywhere("a graceful end", async || {
        let gate = Gate::new();
        let (stop, signal) = stop();
        let (address, server) = start(gate.service(), |server| server.graceful(signal)).await;
        let mut idle = Raw::connect(address).await;
        let mut used = Raw::connect(address).await;
        used.get("/").await;
        gate.asked().await;
        gate.open();
        used.answer().await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        gate.asked().await;

        stop();
        // Both have no request, so the server has nothing to wait for. That they are closed says that it has begun to end.
        idle.ended().await;
        used.ended().await;
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(!server.is_finished());
        gate.open();
        let answer = client.answer().await;
        assert_eq!(answer.body, "at last");
        assert!(answer.head.contains("\r\nconnection: close\r\n"), "{answer:?}");
        client.ended().await;
        let report = server.await.unwrap().unwrap();
        assert_eq!((report.connections(), report.cut()), (3, 0));
    });
}

#[test]
fn streams_of_http_2_that_run_are_answered() {
    everywhere("a graceful end of http/2", async || {
        let gate = Gate::new();
        let (stop, signal) = stop();
        let (address, server) = start(gate.service(), |server| server.graceful(signal)).await;
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http2::Builder::new(HyperExecutor)
            .timer(HyperTimer)
            .handshake(stream)
            .await
            .unwrap();
        let connection = reveille::spawn(connection);
        let request = Request::get("http://localhost/").body(Empty::<Bytes>::new());
        let response = reveille::spawn(sender.send_request(request.unwrap()));
        gate.asked().await;
        stop();
        gate.open();
        let body = response.await.unwrap().unwrap().into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "at last");
        connection.await.unwrap().unwrap();
        assert_eq!(server.await.unwrap().unwrap().cut(), 0);
    });
}

#[test]
fn what_outlasts_the_drain_timeout_is_cut_off_and_counted() {
    paused("a drain timeout", async || {
        let gate = Gate::new();
        let errors = Errors::default();
        let hook = errors.hook();
        let (stop, signal) = stop();
        let (address, server) = start(gate.service(), |server| {
            server
                .graceful(signal)
                .drain_timeout(Duration::from_secs(10))
                .on_connection_error(hook)
        })
        .await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = Raw::connect(address).await;
            client.get("/").await;
            gate.asked().await;
            clients.push(client);
        }
        let begin = Instant::now();
        stop();
        sleep(Duration::from_secs(5)).await;
        gate.open();
        let report = server.await.unwrap().unwrap();
        assert_eq!(begin.elapsed().as_secs(), 10);
        assert_eq!((report.connections(), report.cut()), (3, 2));
        let mut answered = clients.remove(0);
        assert_eq!(answered.answer().await.body, "at last");
        for mut client in clients {
            client.ended().await;
        }
        assert_eq!(errors.take(), ["cut"; 2]);
    });
}

#[test]
fn a_drain_timeout_of_zero_cuts_off_at_once_and_tells_of_it_before_the_end() {
    everywhere("a drain timeout of zero", async || {
        let gate = Gate::new();
        let errors = Errors::default();
        let hook = errors.hook();
        let (stop, signal) = stop();
        let (address, server) = start(gate.service(), |server| {
            server
                .graceful(signal)
                .drain_timeout(Duration::ZERO)
                .on_connection_error(hook)
        })
        .await;
        let mut clients = Vec::new();
        for _ in 0..32 {
            let mut client = Raw::connect(address).await;
            client.get("/").await;
            gate.asked().await;
            clients.push(client);
        }
        stop();
        assert_eq!(server.await.unwrap().unwrap().cut(), 32);
        assert_eq!(errors.take(), ["cut"; 32]);
        for mut client in clients {
            client.ended().await;
        }
    });
}

#[test]
fn a_server_without_a_drain_timeout_waits() {
    paused("no drain timeout", async || {
        let gate = Gate::new();
        let (stop, signal) = stop();
        let (address, server) = start(gate.service(), |server| server.graceful(signal)).await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        gate.asked().await;
        stop();
        sleep(Duration::from_secs(24 * 3600)).await;
        assert!(!server.is_finished());
        gate.open();
        assert_eq!(client.answer().await.body, "at last");
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_server_that_is_dropped_takes_nobody_and_finishes_what_runs() {
    everywhere("a dropped server", async || {
        let gate = Gate::new();
        let (address, server) = start(gate.service(), |server| server).await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        gate.asked().await;
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        gate.open();
        assert_eq!(client.answer().await.body, "at last");
        client.ended().await;
    });
}

#[test]
fn who_has_no_request_and_does_not_close_does_not_hold_up_the_end() {
    paused("a silent peer at the end", async || {
        let errors = Errors::default();
        let hook = errors.hook();
        let (stop, signal) = stop();
        let (address, server) = start(Gate::new().service(), |server| {
            server.graceful(signal).on_connection_error(hook)
        })
        .await;
        let mut client = Raw::connect(address).await;
        client.send(HTTP_2).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let begin = Instant::now();
        stop();
        let report = server.await.unwrap().unwrap();
        assert!((5..6).contains(&begin.elapsed().as_secs()));
        assert_eq!((report.connections(), report.cut()), (1, 0));
        assert_eq!(errors.take(), ["timeout"]);
        client.ended_at_last().await;
    });
}

#[test]
fn who_reads_slowly_is_waited_for() {
    const LENGTH: usize = 32 << 20;
    paused("a slow reader at the end", async || {
        let big = service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new("x".repeat(LENGTH)))
        });
        let (stop, signal) = stop();
        let (address, server) = start(big, |server| server.graceful(signal)).await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        client.bytes(1).await;
        stop();
        // hyper has all of the body at once, so the service has no request any more.
        for _ in 0..16 {
            sleep(Duration::from_secs(20)).await;
            client.bytes(1 << 20).await;
        }
        // More is left than the buffers of two sockets hold.
        assert!(!server.is_finished());
        client.bytes(LENGTH - (16 << 20)).await;
        client.ended_at_last().await;
        assert_eq!(server.await.unwrap().unwrap().cut(), 0);
    });
}

/// A listener that breaks, or ends without an error, when it is told to.
struct Brittle {
    listener: TcpListener,
    error: Option<&'static str>,
    breaks: Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
}

impl Listener for Brittle {
    type Connection = TcpStream;
    type Address = SocketAddr;

    fn incoming(
        &self,
        policy: AcceptPolicy,
    ) -> impl Stream<Item = io::Result<(TcpStream, SocketAddr)>> + Send {
        Breaking {
            incoming: self.listener.incoming(policy),
            error: self.error,
            breaks: self.breaks.lock().unwrap().take().unwrap(),
        }
    }
}

struct Breaking<I> {
    incoming: I,
    error: Option<&'static str>,
    breaks: tokio::sync::oneshot::Receiver<()>,
}

impl<T, I: Stream<Item = io::Result<T>> + Unpin> Stream for Breaking<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        match Pin::new(&mut self.breaks).poll(cx) {
            Poll::Ready(_) => Poll::Ready(self.error.map(|error| Err(io::Error::other(error)))),
            Poll::Pending => Pin::new(&mut self.incoming).poll_next(cx),
        }
    }
}

#[test]
fn an_error_of_the_listener_ends_the_server_and_what_runs_is_finished() {
    everywhere("a broken listener", async || {
        let gate = Gate::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (breaks, broken) = tokio::sync::oneshot::channel();
        let listener = Brittle {
            listener,
            error: Some("the listener broke"),
            breaks: Mutex::new(Some(broken)),
        };
        let server = reveille::spawn(reveille_hyper::serve(listener, gate.service()).into_future());
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        gate.asked().await;
        drop(breaks);
        let error = server.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the listener broke");
        gate.open();
        assert_eq!(client.answer().await.body, "at last");
        client.ended().await;
    });
}

#[test]
fn a_listener_that_ends_ends_the_server_as_a_signal_does() {
    everywhere("a listener that ends", async || {
        let gate = Gate::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ends, ended) = tokio::sync::oneshot::channel();
        let listener = Brittle {
            listener,
            error: None,
            breaks: Mutex::new(Some(ended)),
        };
        let server = reveille::spawn(reveille_hyper::serve(listener, gate.service()).into_future());
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        gate.asked().await;
        drop(ends);
        gate.open();
        assert_eq!(client.answer().await.body, "at last");
        client.ended().await;
        assert_eq!(server.await.unwrap().unwrap().connections(), 1);
    });
}
