//! `tower` and `tower-http`: layers that need no clock and no spawn of tokio's; and a service of theirs behind `reveille_hyper`.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;

use http::header::{HeaderValue, SERVER};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use reveille::net::TcpListener;
use reveille::task::{spawn_local, yield_now};
use started::Watchdog;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::body::Limited;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

#[reveille::test(flavor = "current_thread")]
async fn no_more_calls_run_than_the_limit_allows() {
    let running = Rc::new(Cell::new(0));
    let count = running.clone();
    let service = ServiceBuilder::new()
        .concurrency_limit(2)
        .service(service_fn(move |number: usize| {
            let running = count.clone();
            async move {
                running.set(running.get() + 1);
                let most = running.get();
                for _ in 0..number {
                    yield_now().await;
                }
                running.set(running.get() - 1);
                Ok::<_, Infallible>(most)
            }
        }));
    let calls: Vec<_> = (1..7)
        .map(|number| spawn_local(service.clone().oneshot(number)))
        .collect();
    let mut most = 0;
    for call in calls {
        most = most.max(call.await.unwrap().unwrap());
    }
    assert_eq!((most, running.get()), (2, 0));
}

#[reveille::test]
async fn layers_of_tower_http_stand_before_a_service_of_hyper_s() {
    let _watchdog = Watchdog::new("layers over HTTP");
    let service = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(
            SERVER,
            HeaderValue::from_static("a test"),
        ))
        .layer(RequestBodyLimitLayer::new(10))
        .service(service_fn(length));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = reveille::spawn(reveille_hyper::serve(listener, service).into_future());

    let client = reveille_hyper::client::<Full<Bytes>>();
    for (body, status, answer) in [
        ("short", StatusCode::OK, "5"),
        (
            "longer than ten",
            StatusCode::PAYLOAD_TOO_LARGE,
            "length limit exceeded",
        ),
    ] {
        let request = Request::post(&url).body(Full::from(body)).unwrap();
        let response = client.request(request).await.unwrap();
        assert_eq!(response.headers()[SERVER], "a test");
        assert_eq!(response.status(), status);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, answer);
    }
    server.abort();
}

async fn length(request: Request<Limited<Incoming>>) -> Result<Response<String>, Infallible> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes().len());
    Ok(Response::new(format!("{}", body.unwrap_or(0))))
}
