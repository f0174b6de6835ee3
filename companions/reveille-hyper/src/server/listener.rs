//! What connections come from.

use std::fmt;
use std::io;

use futures_core::Stream;
use hyper::rt::{Read, Write};
use reveille::net::{AcceptPolicy, TcpListener, TcpStream};

/// What connections come from: a [`TcpListener`], a [`UnixListener`](reveille::net::UnixListener), or one of your own around
/// them.
///
/// # Examples
///
/// A listener that takes only what comes from its own machine.
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
/// use std::pin::{Pin, pin};
/// use std::task::{Context, Poll, ready};
///
/// use futures_core::Stream;
/// use reveille::net::{AcceptPolicy, Incoming, TcpListener, TcpStream};
/// use reveille_hyper::Listener;
///
/// struct Loopback(TcpListener);
///
/// struct FromLoopback<'a>(Incoming<'a, TcpListener>);
///
/// impl Stream for FromLoopback<'_> {
///     type Item = io::Result<(TcpStream, SocketAddr)>;
///
///     fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
///         loop {
///             match ready!(pin!(&mut self.0).poll_next(cx)) {
///                 Some(Ok((_, from))) if !from.ip().is_loopback() => {}
///                 other => return Poll::Ready(other),
///             }
///         }
///     }
/// }
///
/// impl Listener for Loopback {
///     type Connection = TcpStream;
///     type Address = SocketAddr;
///
///     fn incoming(&self, policy: AcceptPolicy) -> impl Stream<Item = io::Result<(TcpStream, SocketAddr)>> + Send {
///         FromLoopback(self.0.incoming(policy))
///     }
/// }
///
/// # reveille::block_on(async {
/// let listener = Loopback(TcpListener::bind("127.0.0.1:0").await?);
/// # let service = axum::Router::new();
/// let server = reveille_hyper::serve(listener, service);
/// # server.graceful(async {}).await
/// # }).unwrap();
/// ```
pub trait Listener: Send + Sync + 'static {
    /// What it takes.
    type Connection: Read + Write + Unpin + Send + 'static;

    /// Where that comes from.
    type Address: fmt::Debug + Send + 'static;

    /// The connections that come in. The first error ends the server, which returns it: what concerns one connection only, or
    /// passes, is for the stream to get over, as [`TcpListener::incoming`] does. When the stream ends, the server ends as
    /// after its [signal](crate::Serve::graceful).
    fn incoming(
        &self,
        policy: AcceptPolicy,
    ) -> impl Stream<Item = io::Result<(Self::Connection, Self::Address)>> + Send;

    /// Called with each connection before its first byte is read: for options of the socket. Does nothing by default.
    fn prepare(&self, connection: &Self::Connection) {
        let _ = connection;
    }
}

impl Listener for TcpListener {
    type Connection = TcpStream;
    type Address = std::net::SocketAddr;

    fn incoming(
        &self,
        policy: AcceptPolicy,
    ) -> impl Stream<Item = io::Result<(Self::Connection, Self::Address)>> + Send {
        Self::incoming(self, policy)
    }

    /// Sets `TCP_NODELAY`: hyper writes what belongs together at once.
    fn prepare(&self, connection: &TcpStream) {
        // Some systems refuse it on a connection that is gone already, which the first read tells better.
        let _ = connection.set_nodelay(true);
    }
}

#[cfg(unix)]
impl Listener for reveille::net::UnixListener {
    type Connection = reveille::net::UnixStream;
    type Address = std::os::unix::net::SocketAddr;

    fn incoming(
        &self,
        policy: AcceptPolicy,
    ) -> impl Stream<Item = io::Result<(Self::Connection, Self::Address)>> + Send {
        Self::incoming(self, policy)
    }
}
