//! The `transport` of tonic, server and channel, which spawn on tokio and use its timers: both within `compat`.

use std::time::Duration;

use reveille::compat;
use started::Watchdog;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::Code;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as Answer;
use tonic_health::pb::health_client::HealthClient;

#[reveille::test]
async fn its_server_and_its_channel_talk_to_each_other() {
    let _watchdog = Watchdog::new("gRPC by tonic's transport");
    compat(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (reporter, service) = tonic_health::server::health_reporter();
        reporter.set_service_status("clock", ServingStatus::Serving).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::builder()
            .timeout(Duration::from_secs(60))
            .add_service(service)
            .serve_with_incoming_shutdown(TcpIncoming::from(listener), async { drop(stopped.await) });
        let server = reveille::spawn(compat(server));

        let endpoint = Endpoint::from_shared(url).unwrap();
        let endpoint = endpoint
            .connect_timeout(Duration::from_secs(60))
            .timeout(Duration::from_secs(60));
        let mut client = HealthClient::new(endpoint.connect().await.unwrap());
        let ask = |service: &str| HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = client.check(ask("clock")).await.unwrap();
        assert_eq!(answer.into_inner().status(), Answer::Serving);
        let unknown = client.check(ask("calendar")).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);

        // A stream that goes on.
        let mut watched = client.watch(ask("clock")).await.unwrap().into_inner();
        assert_eq!(
            watched.message().await.unwrap().unwrap().status(),
            Answer::Serving
        );
        reporter
            .set_service_status("clock", ServingStatus::NotServing)
            .await;
        assert_eq!(
            watched.message().await.unwrap().unwrap().status(),
            Answer::NotServing
        );
        drop((watched, client));
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    })
    .await;
}
