//! What [hyper] asks of a runtime: who runs its tasks and who keeps its time. The sockets of
//! [`net`](crate::net) implement its `Read` and `Write`.
//!
//! # Examples
//!
//! ```no_run
//! use std::convert::Infallible;
//!
//! use hyper::body::Incoming;
//! use hyper::server::conn::http1;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//! use reveille::hyper::HyperTimer;
//! use reveille::net::TcpListener;
//!
//! async fn hello(_: Request<Incoming>) -> Result<Response<String>, Infallible> {
//!     Ok(Response::new("hello".into()))
//! }
//!
//! #[reveille::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:8080").await?;
//!     loop {
//!         let (stream, _) = listener.accept().await?;
//!         let connection = http1::Builder::new()
//!             .timer(HyperTimer)
//!             .serve_connection(stream, service_fn(hello));
//!         drop(reveille::spawn(connection));
//!     }
//! }
//! ```

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::hyper::rt;

use crate::time::{self, Instant};

/// Spawns hyper's tasks on the runtime of this thread.
///
/// # Panics
///
/// Where hyper spawns outside a runtime: as [`spawn`](crate::spawn).
///
/// # Examples
///
/// ```
/// use hyper::rt::Executor;
/// use reveille::hyper::HyperExecutor;
///
/// reveille::block_on(async {
///     HyperExecutor.execute(async { println!("a task") });
///     reveille::task::yield_now().await;
/// });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperExecutor;

impl<F> rt::Executor<F> for HyperExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(crate::spawn(future));
    }
}

/// Keeps hyper's time with [`time::sleep`], which works under any executor. A timeout that hyper sets anew keeps its
/// timer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use hyper::rt::Timer;
/// use reveille::hyper::HyperTimer;
///
/// reveille::block_on(HyperTimer.sleep(Duration::from_millis(1)));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperTimer;

impl rt::Timer for HyperTimer {
    #[track_caller]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HyperSleep(time::sleep(duration)))
    }

    #[track_caller]
    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HyperSleep(time::sleep_until(Instant::from_std(deadline))))
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: std::time::Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep>() {
            Some(mut ours) => ours.0.reset(Instant::from_std(deadline)),
            // Of another timer.
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// The trait is hyper's and the future the timer crate's, so neither can know the other.
struct HyperSleep(time::Sleep);

impl rt::Sleep for HyperSleep {}

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}
