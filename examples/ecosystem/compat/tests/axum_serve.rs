//! `axum::serve`, which spawns on tokio and has tokio's listener, with reqwest, which does, too: both within `compat`.

use std::io;

use axum::Router;
use axum::routing::{get, post};
use reveille::compat;
use reveille::runtime::Builder;
use started::Watchdog;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[test]
fn axum_s_own_server_answers_and_ends_when_told() {
    let _watchdog = Watchdog::new("axum::serve");
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(2),
    ] {
        let runtime = builder.build().unwrap();
        runtime.block_on(compat(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let (stop, stopped) = oneshot::channel::<()>();
            let server = reveille::spawn(compat(serve(listener, stopped)));

            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let hello = client.get(&url).send().await.unwrap();
            assert_eq!(hello.text().await.unwrap(), "hello");
            let echo = client.post(format!("{url}/echo")).body("a body");
            let echo = echo.send().await.unwrap();
            assert_eq!(echo.text().await.unwrap(), "a body");
            // Its server waits for connections that are kept.
            drop(client);
            stop.send(()).unwrap();
            server.await.unwrap().unwrap();
        }));
    }
}

async fn serve(listener: TcpListener, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async { body }));
    axum::serve(listener, router)
        .with_graceful_shutdown(async { drop(stopped.await) })
        .await
}
