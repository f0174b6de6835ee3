//! The task of a connection.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::rt::{Read, Write};
use hyper_util::server::conn::auto;
use reveille::hyper::HyperExecutor;

use super::accepted::Accepted;
use super::activity::Activity;
use super::connection_error::{ConnectionError, Kind};
use super::overseer::{Order, Overseer};
use super::service::{Counted, IntoHttpService};

/// Serves one connection to its end.
pub(super) async fn run<C, S, By>(
    builder: Arc<auto::Builder<HyperExecutor>>,
    accepted: Accepted<C>,
    service: S,
    activity: Arc<Activity>,
    overseer: &mut Overseer,
) -> Result<(), ConnectionError>
where
    C: Read + Write + Unpin + Send + 'static,
    S: IntoHttpService<By>,
{
    let service = Counted::new(service.into_http_service(), activity);
    let mut connection = pin!(builder.serve_connection_with_upgrades(accepted, service));
    let mut was_asked_to_close = false;
    loop {
        let order = {
            let mut order = pin!(overseer.next());
            poll_fn(|cx| match connection.as_mut().poll(cx) {
                Poll::Ready(ended) => Poll::Ready(Err(ended)),
                Poll::Pending => order.as_mut().poll(cx).map(Ok),
            })
            .await
        };
        match order {
            Err(Ok(())) => return Ok(()),
            // So it says when it is asked before the version of HTTP is known.
            Err(Err(error)) if was_asked_to_close && is_interrupted(&*error) => return Ok(()),
            Err(Err(error)) => return Err(Kind::Http(error).into()),
            Ok(Order::Close) => {
                was_asked_to_close = true;
                connection.as_mut().graceful_shutdown();
            }
            Ok(Order::Cut(kind)) => return Err(kind.into()),
        }
    }
}

fn is_interrupted(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::Interrupted)
}
