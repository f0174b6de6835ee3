//! What answers, and the count of what is being answered.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper::{Method, Request, Response, Version};
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;

use super::activity::{self, Activity};

/// What answers requests: any [`hyper::service::Service`], and any tower `Service<Request<Incoming>>`, such as axum's
/// `Router` and tonic's `Routes`. Nobody needs to implement this.
///
/// `By` is one of [`ByHyper`] and [`ByTower`], which the compiler finds by itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` answers no requests",
    note = "it must be a `hyper::service::Service<Request<Incoming>>` or a tower `Service<Request<Incoming>>` whose response is a \
            `Response` of some body; service and futures must be `Send + 'static`, the service `Clone` too"
)]
pub trait IntoHttpService<By>: Sized {
    /// The body of its responses.
    type Body: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;

    /// With which it ends a connection over HTTP/1, and one stream over HTTP/2, where nobody is told: a service notes its errors
    /// itself, or answers with a status of 500.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// What makes a response.
    type Future: Future<Output = Result<Response<Self::Body>, Self::Error>> + Send + 'static;

    /// The service as hyper's.
    type Service: Service<
            Request<Incoming>,
            Response = Response<Self::Body>,
            Error = Self::Error,
            Future = Self::Future,
        > + Clone
        + Send
        + 'static;

    /// The service as hyper's.
    fn into_http_service(self) -> Self::Service;
}

/// A service of hyper's: see [`IntoHttpService`].
#[derive(Debug)]
pub enum ByHyper {}

impl<S, B> IntoHttpService<ByHyper> for S
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
    type Error = S::Error;
    type Future = S::Future;
    type Service = S;

    fn into_http_service(self) -> S {
        self
    }
}

/// A service of tower's: see [`IntoHttpService`].
#[derive(Debug)]
pub enum ByTower {}

impl<S, B> IntoHttpService<ByTower> for S
where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
    type Error = S::Error;
    type Future = <Self::Service as Service<Request<Incoming>>>::Future;
    type Service = TowerToHyperService<S>;

    fn into_http_service(self) -> Self::Service {
        TowerToHyperService::new(self)
    }
}

/// A service whose requests are counted.
#[derive(Debug)]
pub(super) struct Counted<S> {
    service: S,
    activity: Arc<Activity>,
}

impl<S> Counted<S> {
    pub(super) fn new(service: S, activity: Arc<Activity>) -> Self {
        Self { service, activity }
    }
}

impl<S, B> Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Response = Response<CountedBody<B>>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.activity.begin();
        Answering {
            asks_for_tunnel: request.method() == Method::CONNECT && request.version() == Version::HTTP_2,
            // First, since the service may panic.
            request: Some(activity::Request::new(&self.activity)),
            future: self.service.call(request),
        }
    }
}

pin_project! {
    /// A request until there is a response.
    #[derive(Debug)]
    pub(super) struct Answering<F> {
        #[pin]
        future: F,
        asks_for_tunnel: bool,
        request: Option<activity::Request>,
    }
}

impl<F, B, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<CountedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        let request = this.request.take();
        // hyper drops the body here and says nothing of the tunnel's end. Over HTTP/1 it lets go of the connection instead.
        if *this.asks_for_tunnel && response.status().is_success() {
            request.iter().for_each(activity::Request::stay);
        }
        Poll::Ready(Ok(response.map(|body| CountedBody { body, request })))
    }
}

pin_project! {
    /// A response until hyper has taken all of it.
    pub(super) struct CountedBody<B> {
        #[pin]
        body: B,
        request: Option<activity::Request>,
    }
}

impl<B: Body> Body for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> fmt::Debug for CountedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedBody")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
