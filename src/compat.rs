//! For crates that call tokio inside: a future that finds a tokio runtime wherever it is polled.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// Runs `future` here, while every call of tokio's in it finds a tokio runtime.
///
/// There is no hook by which tokio could be given another runtime. A crate that calls `tokio::spawn`, `tokio::time` or
/// `tokio::net` inside therefore panics outside tokio, with "there is no reactor running". Within this future it does not:
/// around each poll, and while the future is dropped, [async-compat](https://docs.rs/async-compat) enters a tokio runtime.
/// The future itself is still polled by whoever awaits it; a task of reveille's, say. One call around the
/// body of `main` is enough for what that body awaits; a task has to be wrapped by itself: `spawn(compat(…))`.
///
/// What it costs, beside the crates that need it: tokio's scheduler, and from the first poll on one more thread,
/// `async-compat/tokio-1`, for the rest of the process. On that one thread run
///
/// * the tasks that the crate spawns by `tokio::spawn`: reveille's metrics, reports of slow polls and its shutdown know nothing
///   of them, and they outlive the reveille runtime;
/// * tokio's sockets and timers; each of their wakes comes to reveille from another thread. Its timers are real: reveille's
///   paused clock does not move them, and runs on without waiting for them unless it is [held](crate::time::hold).
///
/// Inside a tokio runtime that the program has made itself, that one is used.
///
/// # Who needs it
///
/// | crate | why |
/// |---|---|
/// | reqwest | tokio's sockets, timers and spawn, for good |
/// | `axum::serve` | spawns a task per connection; a `Router` served by the crate `reveille-hyper` needs nothing |
/// | tonic's `transport` | the same, and tokio's timers; its services, by `reveille-hyper` too, need nothing |
/// | hyper-util's `HttpConnector` | tokio's sockets; `reveille_hyper::Connector` needs nothing |
/// | tower's `timeout`, `buffer`, `rate`, `retry::backoff`, `hedge`, `spawn_ready`; tower-http's `timeout` | tokio's timers or spawn; the other layers need nothing |
/// | async-nats, mongodb, fred, rumqttc, bb8 | tokio's sockets, timers and spawn |
/// | tokio-postgres' `connect`, tokio-tungstenite's `connect_async` | tokio's sockets; `connect_raw`, `client_async` and `accept_async` over a socket of reveille's need nothing but the feature `tokio-io` |
/// | sea-orm, and sqlx with `runtime-tokio` | the same; sqlx with `runtime-smol` needs nothing |
/// | redis with `tokio-comp` | the same; with `smol-comp` it needs nothing |
///
/// **Nobody else does.** Crates that use no more of tokio than its traits or `tokio::sync` (h2, tokio-rustls, tokio-util's codecs),
/// or that bring a reactor thread of their own (sqlx, redis, zbus, lapin with the feature for smol), run as they are.
///
/// The tokio crate's features are those that somebody in the build asks for: who calls `tokio::net` in code of his own
/// depends on tokio with `net`.
///
/// # Panics
///
/// When it is polled or dropped for the first time, if the system refuses tokio its thread or its epoll.
///
/// # Cancel safety
///
/// As safe as `future` itself, which is dropped along with it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille::compat;
///
/// let sum = reveille::block_on(compat(async {
///     let task = tokio::spawn(async {
///         tokio::time::sleep(Duration::from_millis(1)).await;
///         40
///     });
///     // The rest is reveille's as before.
///     let ours = reveille::spawn(async { 2 });
///     task.await.unwrap() + ours.await.unwrap()
/// }));
/// assert_eq!(sum, 42);
/// ```
pub fn compat<F: IntoFuture>(future: F) -> Compat<F::IntoFuture> {
    Compat {
        inner: async_compat::Compat::new(future.into_future()),
    }
}

pin_project! {
    /// The future of [`compat`].
    #[must_use = "futures do nothing unless they are awaited or polled"]
    pub struct Compat<F> {
        #[pin]
        inner: async_compat::Compat<F>,
    }
}

impl<F: Future> Future for Compat<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(cx)
    }
}

impl<F: fmt::Debug> fmt::Debug for Compat<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compat").field(self.inner.get_ref()).finish()
    }
}
