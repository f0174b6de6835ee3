//! The client under real servers, over loopback.

#[path = "../../../tests/watchdog/mod.rs"]
mod watchdog;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri, Version};
use reveille::net::TcpListener;
use reveille::runtime::Builder;
use reveille::task::JoinHandle;
use reveille_hyper::{Connector, Report, client, client_builder};
use tower_service::Service;
use watchdog::Watchdog;

/// Answers with the body of the request.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    Ok(Response::new(Full::new(body)))
}

/// A server that ends when what it returns last is dropped.
async fn server() -> (SocketAddr, JoinHandle<io::Result<Report>>, impl Sized) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (alive, gone) = tokio::sync::oneshot::channel::<()>();
    let server = reveille_hyper::serve(listener, service_fn(echo)).graceful(async move { drop(gone.await) });
    (address, reveille::spawn(async { server.await }), alive)
}

fn everywhere(what: &'static str, test: impl AsyncFn()) {
    let _watchdog = Watchdog::new(what, Duration::from_secs(60));
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(2),
    ] {
        builder.build().unwrap().block_on(test());
    }
}

#[test]
fn two_requests_share_a_connection() {
    everywhere("a pool", async || {
        let (address, server, alive) = server().await;
        let client = client::<Full<Bytes>>();
        for text in ["one", "two"] {
            let request = Request::post(format!("http://{address}/")).body(Full::from(text));
            let response = client.request(request.unwrap()).await.unwrap();
            assert_eq!(response.version(), Version::HTTP_11);
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), text);
        }
        drop(alive);
        assert_eq!(server.await.unwrap().unwrap().connections(), 1);
    });
}

#[cfg(feature = "http2")]
#[test]
fn requests_over_http_2_share_a_connection_at_the_same_time() {
    everywhere("http/2", async || {
        let (address, server, alive) = server().await;
        let client = client_builder()
            .http2_only(true)
            .build::<_, Full<Bytes>>(Connector::new());
        let request = move |number: u32| {
            let client = client.clone();
            async move {
                let text = number.to_string();
                let request = Request::post(format!("http://{address}/")).body(Full::from(text.clone()));
                let response = client.request(request.unwrap()).await.unwrap();
                assert_eq!(response.version(), Version::HTTP_2);
                assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), text);
            }
        };
        request(0).await;
        let requests: Vec<_> = (1..20).map(|number| reveille::spawn(request(number))).collect();
        for request in requests {
            request.await.unwrap();
        }
        drop(alive);
        assert_eq!(server.await.unwrap().unwrap().connections(), 1);
    });
}

#[test]
fn a_connection_that_is_idle_for_long_is_given_up() {
    let _watchdog = Watchdog::new("an idle pool", Duration::from_secs(60));
    let runtime = Builder::current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (address, server, alive) = server().await;
        let client = client_builder()
            .pool_idle_timeout(Duration::from_secs(5))
            .build::<_, Empty<Bytes>>(Connector::new());
        for _ in 0..2 {
            let uri: Uri = format!("http://{address}/").parse().unwrap();
            let response = client.get(uri).await.unwrap();
            response.into_body().collect().await.unwrap();
            reveille::time::sleep(Duration::from_secs(10)).await;
        }
        drop(alive);
        assert_eq!(server.await.unwrap().unwrap().connections(), 2);
    });
}

#[test]
fn what_is_written_is_sent_at_once() {
    let _watchdog = Watchdog::new("TCP_NODELAY", Duration::from_secs(60));
    reveille::block_on(async {
        let (address, _server, _alive) = server().await;
        let uri: Uri = format!("http://{address}/").parse().unwrap();
        let connected = Connector::new().call(uri).await.unwrap();
        assert!(connected.get_ref().nodelay().unwrap());
    });
}

#[test]
fn what_is_no_http_or_has_no_host_is_an_error() {
    let _watchdog = Watchdog::new("a wrong scheme", Duration::from_secs(60));
    reveille::block_on(async {
        let error = Connector::new()
            .call(Uri::from_static("https://localhost/"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[cfg(target_os = "linux")]
mod silent_addresses {
    use std::future::ready;
    use std::net::TcpStream;
    use std::pin::Pin;

    use reveille::net::Resolver;

    use super::*;

    /// Finds these addresses for every name.
    struct Finds(Vec<SocketAddr>);

    impl Resolver for Finds {
        fn resolve(
            &self,
            _: &str,
            _: u16,
        ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
            Box::pin(ready(Ok(self.0.clone())))
        }
    }

    /// Whoever connects to it waits, as long as this lives: a listener whose queue is full, which Linux lets its clients wait for.
    fn silent() -> (impl Sized, SocketAddr) {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let queued = TcpStream::connect(address).unwrap();
        ((listener, queued), address)
    }

    #[test]
    fn a_connection_that_is_not_there_in_time_is_an_error() {
        let _watchdog = Watchdog::new("a connect timeout", Duration::from_secs(60));
        let (_silent, address) = silent();
        let runtime = Builder::current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let begin = reveille::time::Instant::now();
            let mut connector = Connector::new().connect_timeout(Duration::from_secs(5));
            let uri: Uri = format!("http://{address}/").parse().unwrap();
            let error = connector.call(uri.clone()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(begin.elapsed() >= Duration::from_secs(5));

            let client = client_builder().build::<_, Empty<Bytes>>(connector);
            assert!(client.get(uri).await.unwrap_err().is_connect());
        });
    }

    #[test]
    fn a_dead_address_of_a_name_keeps_nobody_from_the_living_one() {
        let _watchdog = Watchdog::new("happy eyeballs", Duration::from_secs(60));
        let (_silent, dead) = silent();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let living = listener.local_addr().unwrap();
        let runtime = Builder::current_thread()
            .resolver(Finds(vec![dead, living]))
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = reveille_hyper::serve(TcpListener::from_std(listener).unwrap(), service_fn(echo));
            drop(reveille::spawn(async { server.await }));
            let response = client::<Empty<Bytes>>()
                .get(Uri::from_static("http://service.example/"))
                .await
                .unwrap();
            assert_eq!(response.status(), 200);
        });
    }
}
