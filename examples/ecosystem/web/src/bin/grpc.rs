//! A gRPC service of tonic's: one greeting for one name, and a stream of greetings for a stream of names.
//!
//! ```console
//! $ cargo run --bin grpc -- 127.0.0.1:50051
//! $ python3 tests/greeter_client.py 127.0.0.1:50051 say ada     # needs grpcio
//! hello, ada
//! ```

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// What is sent.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

/// What comes back.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Greeting {
    #[prost(string, tag = "1")]
    text: String,
}

include!(concat!(env!("OUT_DIR"), "/hello.Greeter.rs"));

#[reveille::main]
async fn main() -> io::Result<()> {
    let routes = Routes::new(greeter_server::GreeterServer::new(Polite));
    let report = reveille_hyper::serve(web::listen().await?, routes)
        .graceful(web::asked_to_stop())
        .drain_timeout(Duration::from_secs(30))
        .await?;
    web::goodbye(&report);
    Ok(())
}

struct Polite;

#[tonic::async_trait]
impl greeter_server::Greeter for Polite {
    type ChatStream = Chat;

    async fn say_hello(&self, request: Request<Name>) -> Result<Response<Greeting>, Status> {
        greet(request.into_inner()).map(Response::new)
    }

    async fn chat(&self, request: Request<Streaming<Name>>) -> Result<Response<Chat>, Status> {
        Ok(Response::new(Chat(request.into_inner())))
    }
}

fn greet(Name { name }: Name) -> Result<Greeting, Status> {
    if name.is_empty() {
        return Err(Status::invalid_argument("who is there?"));
    }
    Ok(Greeting {
        text: format!("hello, {name}"),
    })
}

/// Greets whoever comes, when they come.
struct Chat(Streaming<Name>);

impl Stream for Chat {
    type Item = Result<Greeting, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let name = ready!(Pin::new(&mut self.0).poll_next(cx));
        Poll::Ready(name.map(|name| name.and_then(greet)))
    }
}
