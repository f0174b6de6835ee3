//! A service of hyper's, over HTTP/1 and HTTP/2: `POST /echo` gives back what comes, while it comes; `GET /bytes/N` is a body of N
//! bytes; `GET /` says hello.
//!
//! ```console
//! $ cargo run --bin http -- 127.0.0.1:8080
//! $ curl --http2-prior-knowledge --data hello http://127.0.0.1:8080/echo
//! ```

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};

#[reveille::main]
async fn main() -> io::Result<()> {
    let report = reveille_hyper::serve(web::listen().await?, service_fn(answer))
        .graceful(web::asked_to_stop())
        .drain_timeout(Duration::from_secs(30))
        .idle_timeout(Duration::from_secs(60))
        .max_connections(10_000)
        .await?;
    web::goodbye(&report);
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => (StatusCode::OK, full("hello\n")),
        (&Method::POST | &Method::PUT, "/echo") => (StatusCode::OK, request.into_body().boxed()),
        (&Method::GET, path) => match path.strip_prefix("/bytes/").map(str::parse) {
            Some(Ok(count @ ..=0x80_0000)) => (StatusCode::OK, full(vec![b'x'; count])),
            Some(_) => (StatusCode::BAD_REQUEST, full("no such number\n")),
            None => (StatusCode::NOT_FOUND, full("not found\n")),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, full("not allowed\n")),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    Ok(response)
}

fn full(bytes: impl Into<Bytes>) -> BoxBody<Bytes, hyper::Error> {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}
