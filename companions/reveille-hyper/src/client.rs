//! hyper-util's client over a [`Connector`].

use hyper::body::Body;
use hyper_util::client::legacy::{Builder, Client};
use reveille::hyper::{HyperExecutor, HyperTimer};

use crate::Connector;

/// A client that keeps connections for further requests, for requests whose body is `B`. What it does in the background are
/// tasks of the runtime in which it is used.
///
/// # Examples
///
/// ```no_run
/// use http_body_util::{BodyExt, Empty};
/// use hyper::body::Bytes;
///
/// #[reveille::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let client = reveille_hyper::client::<Empty<Bytes>>();
///     let response = client.get("http://localhost:8080/".parse()?).await?;
///     println!("{}: {:?}", response.status(), response.into_body().collect().await?.to_bytes());
///     Ok(())
/// }
/// ```
pub fn client<B>() -> Client<Connector, B>
where
    B: Body<Data: Send> + Send,
{
    client_builder().build(Connector::new())
}

/// As [`client`](fn@client), for other options or another connector: hyper-util's builder, with this runtime's tasks and timers.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille_hyper::{Connector, client_builder};
///
/// let client = client_builder()
///     .pool_idle_timeout(Duration::from_secs(10))
///     .build::<_, String>(Connector::new());
/// # drop(client);
/// ```
pub fn client_builder() -> Builder {
    let mut builder = Client::builder(HyperExecutor);
    builder.timer(HyperTimer).pool_timer(HyperTimer);
    builder
}
