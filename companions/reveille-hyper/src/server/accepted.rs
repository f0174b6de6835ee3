//! The socket of a connection.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::sync::OwnedSemaphorePermit;

use super::activity::Activity;

/// What a connection over HTTP/2 begins with (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that [`serve`](fn@crate::serve) has taken. It counts against
/// [`max_connections`](crate::Serve::max_connections) until it is dropped, also after an upgrade.
///
/// Who upgrades a connection gets it back by
/// `hyper_util::server::conn::auto::upgrade::downcast::<Accepted<TcpStream>>(upgraded)`.
pub struct Accepted<C> {
    connection: C,
    activity: Arc<Activity>,
    /// How much of the preface has come, while that is all that has come.
    preface: Option<usize>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<C> Accepted<C> {
    pub(super) fn new(connection: C, activity: Arc<Activity>, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            connection,
            activity,
            preface: Some(0),
            permit,
        }
    }

    /// The connection as it was accepted, which counts no more.
    pub fn into_inner(self) -> C {
        self.connection
    }

    /// The connection as it was accepted.
    pub fn get_ref(&self) -> &C {
        &self.connection
    }

    /// Notes what has come of the first bytes.
    fn recognize(&mut self, came: usize, bytes: &[u8]) {
        let all = came + bytes.len();
        let is_preface = !bytes.is_empty() && PREFACE[came..all] == *bytes;
        self.preface = (is_preface && all < PREFACE.len()).then_some(all);
        // Over HTTP/2 it begins with its first request: h2 has no timeout for that.
        if !is_preface {
            self.activity.begin();
        }
    }
}

impl<C: Read + Unpin> Read for Accepted<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let came = match self.preface {
            Some(came) if buffer.remaining() > 0 => came,
            _ => return Pin::new(&mut self.connection).poll_read(cx, buffer),
        };
        // hyper-util, too, asks for no more than this before it knows the version.
        let mut bytes = [0; PREFACE.len()];
        let room = (PREFACE.len() - came).min(buffer.remaining());
        let mut bytes = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.connection).poll_read(cx, bytes.unfilled()))?;
        self.recognize(came, bytes.filled());
        buffer.put_slice(bytes.filled());
        Poll::Ready(Ok(()))
    }
}

impl<C: Write + Unpin> Write for Accepted<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(cx, bytes);
        self.activity.write(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(cx, buffers);
        self.activity.write(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

impl<C: fmt::Debug> fmt::Debug for Accepted<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("connection", &self.connection)
            .field("is_counted", &self.permit.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Whether it has begun after each of the parts, which come one by one.
    fn begun_after(parts: &[&[u8]]) -> Vec<bool> {
        reveille::block_on(async {
            let (mut peer, server) = reveille::io::duplex(64);
            let activity = Arc::new(Activity::new());
            let mut accepted = Accepted::new(server, activity.clone(), None);
            let mut begun = Vec::new();
            for part in parts {
                reveille::io::AsyncWriteExt::write_all(&mut peer, part)
                    .await
                    .unwrap();
                let mut received = Vec::new();
                while received.len() < part.len() {
                    let mut bytes = [0; 64];
                    let mut buffer = ReadBuf::new(&mut bytes);
                    poll_fn(|cx| Pin::new(&mut accepted).poll_read(cx, buffer.unfilled()))
                        .await
                        .unwrap();
                    received.extend_from_slice(buffer.filled());
                }
                assert_eq!(received, *part, "what is looked at is passed on");
                begun.push(activity.has_begun());
            }
            begun
        })
    }

    #[test]
    fn a_connection_over_http_1_has_begun_when_that_is_known() {
        assert_eq!(begun_after(&[b"GET / HTTP/1.1\r\n"]), [true]);
        assert_eq!(
            begun_after(&[b"P", b"RI * HTTP/2.0\r\n\r\nSM\r\n", b"\r\n..."]),
            [false, false, false]
        );
        assert_eq!(begun_after(&[b"PR", b"OPFIND / HTTP/1.1\r\n"]), [false, true]);
        assert_eq!(begun_after(&[PREFACE, b"a frame"]), [false, false]);
    }
}
