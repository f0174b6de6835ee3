//! Taking one connection after the other.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use reveille_reactor::{Direction, Registration, Source, Wait};

use crate::accept_policy::{AcceptPolicy, Accepting};

/// What takes connections. Nobody else can name this trait.
pub trait Listener {
    /// mio's.
    type Source: Source + fmt::Debug;

    /// What it takes.
    type Connection;

    /// The listener as the reactor knows it.
    fn registration(&self) -> &Registration<Self::Source>;

    /// Takes a connection, if there is one.
    fn accept(source: &Self::Source) -> io::Result<Self::Connection>;
}

/// The connections that come in: what [`TcpListener::incoming`](crate::TcpListener::incoming) returns.
///
/// A [`Stream`] of what `accept` returns, which never ends by itself: after an error that is about the listener it
/// yields that, and then it has ended. [`accept`](Self::accept) is for those who have no stream's methods at hand.
///
/// # Cancel safety
///
/// Safe, here and in the stream: a connection that was taken is returned by the same poll.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use futures_lite::StreamExt;
/// use reveille_net::{AcceptPolicy, TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let _clients = [
///     TcpStream::connect(listener.local_addr()?).await?,
///     TcpStream::connect(listener.local_addr()?).await?,
/// ];
/// let mut incoming = listener.incoming(AcceptPolicy::default()).take(2);
/// while let Some(connection) = incoming.next().await {
///     let (stream, from) = connection?;
///     assert_eq!(stream.peer_addr()?, from);
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct Incoming<'a, L: Listener> {
    wait: Wait<'a, L::Source>,
    accepting: Accepting,
    has_ended: bool,
}

impl<'a, L: Listener> Incoming<'a, L> {
    #[track_caller]
    pub(crate) fn new(listener: &'a L, policy: AcceptPolicy) -> Self {
        Self {
            wait: listener.registration().wait(Direction::Read, Location::caller()),
            accepting: Accepting::new(policy),
            has_ended: false,
        }
    }

    /// The next connection.
    ///
    /// # Errors
    ///
    /// Those that are about the listener itself. Unlike the stream this tries again when it is called again.
    ///
    /// # Cancel safety
    ///
    /// Safe: a connection that was taken is returned by the same poll, and a wait goes on where it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{AcceptPolicy, TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let mut incoming = listener.incoming(AcceptPolicy::default());
    ///     let (_server, from) = incoming.accept().await?;
    ///     assert_eq!(from, client.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn accept(&mut self) -> AcceptIncoming<'_, 'a, L> {
        AcceptIncoming { incoming: self }
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<L::Connection>> {
        let Self { wait, accepting, .. } = self;
        accepting.poll(cx, |cx| wait.poll_io(cx, L::accept))
    }
}

/// Nothing in it is pinned.
impl<L: Listener> Unpin for Incoming<'_, L> {}

impl<L: Listener> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_accept(cx));
        self.has_ended = next.is_err();
        Poll::Ready(Some(next))
    }
}

impl<L: Listener> FusedStream for Incoming<'_, L> {
    fn is_terminated(&self) -> bool {
        self.has_ended
    }
}

impl<L: Listener> fmt::Debug for Incoming<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Incoming");
        debug
            .field("wait", &self.wait)
            .field("accepting", &self.accepting);
        debug.finish_non_exhaustive()
    }
}

/// The future of [`Incoming::accept`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct AcceptIncoming<'i, 'a, L: Listener> {
    incoming: &'i mut Incoming<'a, L>,
}

impl<L: Listener> Future for AcceptIncoming<'_, '_, L> {
    type Output = io::Result<L::Connection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.incoming.poll_accept(cx)
    }
}
