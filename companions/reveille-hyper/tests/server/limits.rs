//! Peers that are slow, silent or many.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::hyper::{HyperExecutor, HyperTimer};
use reveille::net::TcpStream;
use reveille::time::{Instant, Sleep, sleep};

use crate::raw::{HTTP_2, Raw};
use crate::{Errors, paused, start};

const SECOND: Duration = Duration::from_secs(1);

/// It took so long by the paused clock, to the second.
#[track_caller]
fn assert_took(begin: Instant, time: Duration) {
    let took = begin.elapsed();
    assert!(time <= took && took < time + SECOND, "{took:?}");
}

async fn hello(_: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("hello".into()))
}

/// Thinks for as many seconds as the path says.
async fn think(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let seconds = request.uri().path()[1..].parse().unwrap();
    sleep(Duration::from_secs(seconds)).await;
    Ok(Response::new("a thought".into()))
}

#[test]
fn who_sends_a_header_for_too_long_is_cut_off() {
    paused("a slow header", async || {
        let errors = Errors::default();
        let hook = errors.hook();
        let (address, _server) = start(service_fn(hello), |server| {
            server.header_read_timeout(10 * SECOND).on_connection_error(hook)
        })
        .await;
        let begin = Instant::now();
        let mut client = Raw::connect(address).await;
        client.send("GET / HTTP/1.1\r\n").await.unwrap();
        // A header a second, as slowhttptest does it, until nobody reads it any more.
        let mut sent = 0;
        while client.send(&format!("x-{sent}: y\r\n")).await.is_ok() {
            sent += 1;
            assert!(sent < 100, "it is not cut off");
            sleep(SECOND).await;
        }
        // What is sent right after the end is taken by the system still: what follows fails.
        assert!((10 * SECOND..13 * SECOND).contains(&begin.elapsed()));
        assert_eq!(errors.take(), ["timeout"]);
    });
}

#[test]
fn who_says_nothing_or_half_of_a_preface_is_cut_off() {
    paused("a silent client", async || {
        for first_bytes in ["", "P", "PRI * HTTP/2.0\r\n\r\n"] {
            let errors = Errors::default();
            let hook = errors.hook();
            let (address, _server) = start(service_fn(hello), |server| {
                server.header_read_timeout(10 * SECOND).on_connection_error(hook)
            })
            .await;
            let begin = Instant::now();
            let mut client = Raw::connect(address).await;
            client.send(first_bytes).await.unwrap();
            client.ended().await;
            assert_took(begin, 10 * SECOND);
            assert_eq!(errors.take(), ["timeout"], "after {first_bytes:?}");
        }
    });
}

#[test]
fn the_timeout_for_headers_is_on_by_default_and_can_be_off() {
    paused("the default", async || {
        let (address, _server) = start(service_fn(hello), |server| server).await;
        let begin = Instant::now();
        Raw::connect(address).await.ended().await;
        assert_took(begin, 30 * SECOND);

        let (address, _server) = start(service_fn(hello), |server| server.header_read_timeout(None)).await;
        let mut client = Raw::connect(address).await;
        client.send("GET / HTTP/1.1\r\n").await.unwrap();
        sleep(Duration::from_secs(3600)).await;
        client.send("host: localhost\r\n\r\n").await.unwrap();
        assert_eq!(client.answer().await.body, "hello");
    });
}

#[test]
fn who_begins_with_http_2_and_asks_for_nothing_is_cut_off_by_default() {
    paused("a silent peer over http/2", async || {
        let errors = Errors::default();
        let hook = errors.hook();
        let (address, _server) = start(service_fn(hello), |server| server.on_connection_error(hook)).await;
        for first_bytes in [&HTTP_2[..24], HTTP_2] {
            let begin = Instant::now();
            let mut client = Raw::connect(address).await;
            client.send(first_bytes).await.unwrap();
            client.ended_at_last().await;
            assert_took(begin, 30 * SECOND);
            assert_eq!(errors.take(), ["timeout"]);
        }
    });
}

#[test]
fn an_idle_connection_is_closed_and_one_at_work_is_not() {
    paused("idle connections", async || {
        let errors = Errors::default();
        let hook = errors.hook();
        let (address, _server) = start(service_fn(think), |server| {
            server
                .header_read_timeout(None)
                .idle_timeout(10 * SECOND)
                .on_connection_error(hook)
        })
        .await;
        let mut client = Raw::connect(address).await;
        for path in ["/100", "/3"] {
            client.get(path).await;
            assert_eq!(client.answer().await.body, "a thought");
            sleep(9 * SECOND).await;
        }
        let last = Instant::now();
        client.ended().await;
        assert_took(last, SECOND);
        // That is no error.
        assert_eq!(errors.take(), [""; 0]);
    });
}

/// A body of so many frames, one every 15 s.
struct SlowBody {
    frames: usize,
    next: Sleep,
}

impl Body for SlowBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.frames == 0 {
            return Poll::Ready(None);
        }
        ready!(Pin::new(&mut self.next).poll(cx));
        self.frames -= 1;
        self.next = sleep(15 * SECOND);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"frame")))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(5 * self.frames as u64)
    }
}

#[test]
fn a_response_that_comes_slowly_is_no_idle_connection() {
    paused("a slow response", async || {
        let slow = service_fn(|_: Request<Incoming>| async {
            let next = sleep(15 * SECOND);
            Ok::<_, Infallible>(Response::new(SlowBody { frames: 4, next }))
        });
        let (address, _server) = start(slow, |server| server.idle_timeout(10 * SECOND)).await;
        let mut client = Raw::connect(address).await;
        client.get("/").await;
        assert_eq!(client.answer().await.body, "frame".repeat(4));
        // It was not asked to close meanwhile either.
        client.get("/").await;
        assert_eq!(client.answer().await.body, "frame".repeat(4));
    });
}

#[test]
fn an_idle_connection_over_http_2_is_closed_and_one_at_work_is_not() {
    paused("idle connections over http/2", async || {
        let (address, _server) = start(service_fn(think), |server| server.idle_timeout(10 * SECOND)).await;
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http2::Builder::new(HyperExecutor)
            .timer(HyperTimer)
            .handshake(stream)
            .await
            .unwrap();
        let connection = reveille::spawn(connection);
        for seconds in [100, 3] {
            let request = Request::get(format!("http://localhost/{seconds}")).body(Empty::<Bytes>::new());
            let response = sender.send_request(request.unwrap()).await.unwrap();
            assert_eq!(response.status(), 200);
            drop(response);
            sleep(9 * SECOND).await;
            assert!(!connection.is_finished());
        }
        let last = Instant::now();
        connection.await.unwrap().unwrap();
        assert_took(last, SECOND);
    });
}

#[test]
fn who_does_not_end_a_header_does_not_escape_the_timeout_for_idle_connections() {
    paused("an idle header", async || {
        let errors = Errors::default();
        let hook = errors.hook();
        let (address, _server) = start(service_fn(hello), |server| {
            server
                .header_read_timeout(None)
                .idle_timeout(10 * SECOND)
                .on_connection_error(hook)
        })
        .await;
        let mut client = Raw::connect(address).await;
        client.send("GET / HTTP/1.1\r\nhost: loc").await.unwrap();
        client.ended().await;
        assert_eq!(errors.take(), ["timeout"]);

        // But who ends it after it was asked to close is answered.
        let mut client = Raw::connect(address).await;
        client.send("GET / HTTP/1.1\r\nhost: loc").await.unwrap();
        sleep(15 * SECOND).await;
        client.send("alhost\r\n\r\n").await.unwrap();
        assert_eq!(client.answer().await.body, "hello");
        client.ended().await;
        assert_eq!(errors.take(), [""; 0]);
    });
}

#[test]
fn a_slow_reader_gets_all_of_its_answer() {
    const LENGTH: usize = 32 << 20;
    paused("a slow reader", async || {
        let big = service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new("x".repeat(LENGTH)))
        });
        let (address, _server) = start(big, |server| {
            server.header_read_timeout(None).idle_timeout(10 * SECOND)
        })
        .await;
        let stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        // hyper has all of the body at once, but the socket has not. At most 4 MiB each 4 s is longer than two timeouts.
        let mut bytes = vec![0; 4 << 20];
        let mut received = 0;
        loop {
            sleep(4 * SECOND).await;
            match stream.read(&mut bytes).await.unwrap() {
                0 => break,
                count => received += count,
            }
        }
        assert!(received > LENGTH, "{received} bytes of it");
    });
}

#[test]
fn who_comes_beyond_the_limit_waits_until_another_goes() {
    paused("too many clients", async || {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let service = service_fn(move |request| {
            counted.fetch_add(1, Ordering::Relaxed);
            hello(request)
        });
        let (address, _server) = start(service, |server| {
            server.max_connections(2).header_read_timeout(None)
        })
        .await;
        let mut clients = Vec::new();
        for _ in 0..5 {
            let mut client = Raw::connect(address).await;
            client.get("/").await;
            clients.push(client);
        }
        for served in [2, 3, 4, 5] {
            // Time moves on when nothing is left to do.
            sleep(SECOND).await;
            assert_eq!(calls.load(Ordering::Relaxed), served);
            assert_eq!(clients.remove(0).answer().await.body, "hello");
        }
        assert_eq!(clients.remove(0).answer().await.body, "hello");
    });
}

#[test]
#[should_panic(expected = "give one at least")]
fn a_limit_of_no_connection_is_refused() {
    reveille::block_on(async {
        drop(start(service_fn(hello), |server| server.max_connections(0)).await);
    });
}

#[test]
fn the_longest_timeouts_are_none() {
    paused("the longest timeouts", async || {
        let (address, _server) = start(service_fn(hello), |server| {
            server
                .header_read_timeout(Duration::MAX)
                .idle_timeout(Duration::MAX)
        })
        .await;
        let mut client = Raw::connect(address).await;
        for _ in 0..2 {
            client.get("/").await;
            assert_eq!(client.answer().await.body, "hello");
            sleep(Duration::from_secs(3600)).await;
        }
    });
}

#[test]
#[should_panic(expected = "or `None` for no limit")]
fn a_timeout_of_no_time_for_headers_is_refused() {
    reveille::block_on(async {
        drop(
            start(service_fn(hello), |server| {
                server.header_read_timeout(Duration::ZERO)
            })
            .await,
        );
    });
}

#[test]
#[should_panic(expected = "give more")]
fn a_timeout_of_no_time_for_idle_connections_is_refused() {
    reveille::block_on(async {
        drop(start(service_fn(hello), |server| server.idle_timeout(Duration::ZERO)).await);
    });
}
