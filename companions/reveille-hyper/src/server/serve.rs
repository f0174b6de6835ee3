//! The server: its options, and the loop that takes connections.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use hyper_util::server::conn::auto;
use reveille::hyper::{HyperExecutor, HyperTimer};
use reveille::net::AcceptPolicy;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accepted::Accepted;
use super::activity::Activity;
use super::connection;
use super::connection_error::ConnectionError;
use super::listener::Listener;
use super::overseer::Overseer;
use super::phases::Phases;
use super::report::Report;
use super::service::IntoHttpService;

/// hyper adds the timeout for headers to the time that it is, and panics when there is no such time.
const FAR_AWAY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Serves `service` on `listener`, over HTTP/1 and HTTP/2 (without TLS: *h2c* with prior knowledge), each connection in a task of
/// its own. `service` is one of hyper's or of tower's, such as axum's `Router`: see [`IntoHttpService`].
///
/// What it returns has options, and does nothing until it is awaited. It ends after [`graceful`](Serve::graceful), or with an
/// error of the listener.
///
/// # Errors
///
/// When awaited: those that are about the listener itself (see [`AcceptPolicy`]). Connections that are open are then closed as
/// soon as their requests are answered, which nobody waits for.
///
/// # Panics
///
/// When awaited outside a runtime, at the first connection: as [`reveille::spawn`]. And with what panics between two
/// connections: cloning the service, [`Listener::prepare`], the hook of [`AcceptPolicy`]. The server then ends as if it were
/// dropped.
///
/// # Cancel safety
///
/// Dropping the future closes the listener. Requests that run are finished, and then their connections are closed; the
/// [drain timeout](Serve::drain_timeout) cuts nobody off any more.
///
/// # Examples
///
/// ```no_run
/// use std::convert::Infallible;
///
/// use hyper::body::Incoming;
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
/// use reveille::net::TcpListener;
///
/// async fn hello(_: Request<Incoming>) -> Result<Response<String>, Infallible> {
///     Ok(Response::new("hello".into()))
/// }
///
/// reveille::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:8080").await?;
///     let signal = async { reveille::signal::ctrl_c().await.expect("no handler for ctrl-c") };
///     let report = reveille_hyper::serve(listener, service_fn(hello)).graceful(signal).await?;
///     println!("{} connections served", report.connections());
///     # std::io::Result::Ok(())
/// }).unwrap();
/// ```
pub fn serve<L, S, By>(listener: L, service: S) -> Serve<L>
where
    L: Listener,
    S: IntoHttpService<By>,
{
    let service = service.into_http_service();
    serve_with(listener, move |_| service.clone())
}

/// As [`serve`](fn@serve), with a service for each connection: `service_for` is called with the address of the peer.
///
/// # Errors
///
/// As for [`serve`](fn@serve).
///
/// # Panics
///
/// As for [`serve`](fn@serve), and with `service_for`.
///
/// # Cancel safety
///
/// As for [`serve`](fn@serve).
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::net::SocketAddr;
///
/// use hyper::Response;
/// use hyper::service::service_fn;
/// use reveille::net::TcpListener;
///
/// reveille::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let server = reveille_hyper::serve_with(listener, |peer: &SocketAddr| {
///         let peer = *peer;
///         service_fn(move |_| async move { Ok::<_, Infallible>(Response::new(format!("you are {peer}"))) })
///     });
///     server.graceful(async {}).await?;
///     # std::io::Result::Ok(())
/// }).unwrap();
/// ```
///
/// So handlers of axum's learn who the peer is.
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::routing::get;
/// use axum::{Extension, Router};
///
/// async fn peer(Extension(peer): Extension<SocketAddr>) -> String {
///     format!("you are {peer}")
/// }
///
/// # reveille::block_on(async {
/// # let listener = reveille::net::TcpListener::bind("127.0.0.1:0").await?;
/// let app = Router::new().route("/", get(peer));
/// let server = reveille_hyper::serve_with(listener, move |peer: &SocketAddr| app.clone().layer(Extension(*peer)));
/// # server.graceful(async {}).await
/// # }).unwrap();
/// ```
pub fn serve_with<L, M, S, By>(listener: L, mut service_for: M) -> Serve<L>
where
    L: Listener,
    M: FnMut(&L::Address) -> S + Send + 'static,
    S: IntoHttpService<By>,
{
    let start = move |taken: Taken<L>| {
        let service = service_for(&taken.address).into_http_service();
        drop(reveille::spawn(async move {
            let Taken {
                address,
                accepted,
                builder,
                activity,
                mut overseer,
                hook,
            } = taken;
            let ended = connection::run(builder, accepted, service, activity, &mut overseer).await;
            if let (Err(error), Some(hook)) = (ended, hook) {
                hook(&address, &error);
            }
            // With it the server's wait for this connection ends: what is told is told before.
            drop(overseer);
        }));
    };
    Serve {
        listener,
        start: Box::new(start),
        builder: auto::Builder::new(HyperExecutor),
        policy: AcceptPolicy::default(),
        max_connections: None,
        header_read_timeout: Some(Duration::from_secs(30)),
        idle_timeout: None,
        drain_timeout: None,
        signal: Box::pin(std::future::pending()),
        hook: None,
    }
}

/// A server with its options: what [`serve`](fn@serve) returns. Awaiting it runs it.
#[must_use = "a server does nothing unless it is awaited"]
pub struct Serve<L: Listener> {
    listener: L,
    start: Box<dyn FnMut(Taken<L>) + Send>,
    builder: auto::Builder<HyperExecutor>,
    policy: AcceptPolicy,
    max_connections: Option<Arc<Semaphore>>,
    header_read_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    drain_timeout: Option<Duration>,
    signal: Pin<Box<dyn Future<Output = ()> + Send>>,
    hook: Option<Hook<L::Address>>,
}

type Hook<A> = Arc<dyn Fn(&A, &ConnectionError) + Send + Sync>;

/// A connection that was taken, and what its task needs.
struct Taken<L: Listener> {
    address: L::Address,
    accepted: Accepted<L::Connection>,
    builder: Arc<auto::Builder<HyperExecutor>>,
    activity: Arc<Activity>,
    overseer: Overseer,
    hook: Option<Hook<L::Address>>,
}

impl<L: Listener> Serve<L> {
    /// When `signal` completes the listener is closed, and requests that run are finished; then their connections are closed,
    /// and the server ends. One without a request that does not close is cut off after 5 s. Connections that were upgraded
    /// are not waited for; over HTTP/2 an upgrade is one of the streams of its connection, and waited for as these are.
    /// Without this it runs until it is dropped.
    pub fn graceful(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.signal = Box::pin(signal);
        self
    }

    /// For how long requests may go on after the signal. What is open then is cut off, and counted in the [`Report`]. Without
    /// this they are waited for, however long it takes, be it for a peer that takes nothing of its response.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = Some(timeout);
        self
    }

    /// How many connections may be open at once. Those beyond wait in the listener's queue until one closes; an upgraded one
    /// counts until its socket is dropped. Without this there is no limit but that of descriptors.
    ///
    /// # Panics
    ///
    /// If it is zero: nobody would ever be served.
    #[track_caller]
    pub fn max_connections(mut self, most: usize) -> Self {
        assert!(
            most > 0,
            "`Serve::max_connections` was called with zero, so nobody would be served; give one at least"
        );
        self.max_connections = Some(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))));
        self
    }

    /// How long the header of a request over HTTP/1 may take, counted from the end of the response before it: so for so long such a
    /// connection may be idle, too. A connection whose first bytes do not tell its version of HTTP in this time is cut off as
    /// well (so the first header may take up to twice as long), and one over HTTP/2 without a request in this time. After its
    /// first request HTTP/2 has no limit but [`idle_timeout`](Self::idle_timeout). 30 s if this is not called, as hyper
    /// has it; `None` for no limit.
    ///
    /// # Panics
    ///
    /// If it is zero: connections would be closed before their first request.
    #[track_caller]
    pub fn header_read_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        assert!(
            timeout != Some(Duration::ZERO),
            "`Serve::header_read_timeout` was called with zero, which would close connections before their first request; \
             give more, or `None` for no limit"
        );
        self.header_read_timeout = timeout.map(|timeout| timeout.min(FAR_AWAY));
        self
    }

    /// For how long a connection may have no request. Then it is asked to close: over HTTP/2 by GOAWAY, so that a request that
    /// is on its way is still answered; over HTTP/1 at once, or after its first request if the header of that has begun. One
    /// that is open as long again, without a request and without taking anything that is written to it (GOAWAY and the answer
    /// to a PING, too), is cut off. Without this there is no limit but that of [`header_read_timeout`](Self::header_read_timeout).
    ///
    /// A request lasts until all of its response is handed to hyper, however slowly its body comes or the response is taken:
    /// who stalls in between is not idle, and the service has to limit that itself. A connection over HTTP/2 that has had a
    /// tunnel (`CONNECT`) always has a request.
    ///
    /// # Panics
    ///
    /// If it is zero: connections would be closed before their first request.
    #[track_caller]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        assert!(
            !timeout.is_zero(),
            "`Serve::idle_timeout` was called with zero, which would close connections before their first request; give more"
        );
        self.idle_timeout = Some(timeout);
        self
    }

    /// What is done when connections cannot be accepted, for want of descriptors say. By default they wait, and a line on stderr
    /// says so.
    pub fn accept_policy(mut self, policy: AcceptPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Has `hook` called when a connection ends with an error, which may be no more than that the peer went away. It is called in
    /// the task of the connection, which it must not block. A service that panics is no such error: its task ends as any
    /// that panics, with a line on stderr. Nor is an error of the service over HTTP/2: that ends one stream, and is told to
    /// nobody but the peer.
    pub fn on_connection_error(
        mut self,
        hook: impl Fn(&L::Address, &ConnectionError) + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Everything else that hyper has to set for HTTP/1 and HTTP/2. Its timers and the
    /// [timeout for headers](Self::header_read_timeout) are set by this crate.
    ///
    /// # Panics
    ///
    /// If it restricts the server to one version of HTTP (`http1_only`, `http2_only`): hyper-util does not heed that where a
    /// connection may be upgraded. A service sees the version of each request, and may refuse it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use hyper::{Response, service::service_fn};
    /// # let hello = service_fn(|_| async { Ok::<_, Infallible>(Response::new(String::new())) });
    /// # reveille::block_on(async {
    /// # let listener = reveille::net::TcpListener::bind("127.0.0.1:0").await?;
    /// reveille_hyper::serve(listener, hello)
    ///     .configure(|http| {
    ///         http.http1().max_headers(32);
    ///         http.http2().max_concurrent_streams(64);
    ///     })
    /// #   .graceful(async {})
    ///     .await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn configure(mut self, configure: impl FnOnce(&mut auto::Builder<HyperExecutor>)) -> Self {
        configure(&mut self.builder);
        assert!(
            self.builder.is_http1_available() && self.builder.is_http2_available(),
            "`Serve::configure` was called to restrict the server to one version of HTTP, which hyper-util does not heed here; \
             refuse requests of the other in the service"
        );
        self
    }

    async fn run(mut self) -> io::Result<Report> {
        self.builder
            .http1()
            .timer(HyperTimer)
            .header_read_timeout(self.header_read_timeout);
        self.builder.http2().timer(HyperTimer);

        let drain_timeout = self.drain_timeout;
        let signal = std::mem::replace(&mut self.signal, Box::pin(std::future::pending()));
        let phases = Phases::new();
        let mut connections = 0;
        // Ends with the listener: who comes from here on is refused.
        if let Some(ended) = until(signal, self.accept(&phases, &mut connections)).await {
            ended?;
        }
        let cut = phases.drain(drain_timeout).await;
        Ok(Report { connections, cut })
    }

    /// Takes connections until there are no more, or that fails for good.
    async fn accept(self, phases: &Phases, connections: &mut u64) -> io::Result<()> {
        let Self {
            listener,
            mut start,
            builder,
            policy,
            max_connections,
            header_read_timeout,
            idle_timeout,
            hook,
            ..
        } = self;
        let builder = Arc::new(builder);
        let mut incoming = pin!(listener.incoming(policy));
        loop {
            let permit = permit(&max_connections).await;
            let Some(taken) = poll_fn(|cx| incoming.as_mut().poll_next(cx)).await else {
                return Ok(());
            };
            let (connection, address) = taken?;
            listener.prepare(&connection);
            let activity = Arc::new(Activity::new());
            *connections += 1;
            start(Taken {
                address,
                accepted: Accepted::new(connection, activity.clone(), permit),
                builder: builder.clone(),
                activity: activity.clone(),
                overseer: Overseer::new(phases.follow(), activity, header_read_timeout, idle_timeout),
                hook: hook.clone(),
            });
        }
    }
}

/// A place for one connection more.
async fn permit(places: &Option<Arc<Semaphore>>) -> Option<OwnedSemaphorePermit> {
    let places = places.as_ref()?.clone();
    Some(places.acquire_owned().await.expect("nobody closes it"))
}

/// The output of `future`, or `None` if the signal came first.
async fn until<T>(
    mut signal: impl Future<Output = ()> + Unpin,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match Pin::new(&mut signal).poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => future.as_mut().poll(cx).map(Some),
    })
    .await
}

impl<L: Listener> IntoFuture for Serve<L> {
    type Output = io::Result<Report>;
    type IntoFuture = Serving;

    fn into_future(self) -> Serving {
        Serving(Box::pin(self.run()))
    }
}

impl<L: Listener + fmt::Debug> fmt::Debug for Serve<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("policy", &self.policy)
            .field("header_read_timeout", &self.header_read_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("drain_timeout", &self.drain_timeout)
            .finish_non_exhaustive()
    }
}

/// The future of a [`Serve`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Serving(Pin<Box<dyn Future<Output = io::Result<Report>> + Send>>);

impl Future for Serving {
    type Output = io::Result<Report>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").finish_non_exhaustive()
    }
}
