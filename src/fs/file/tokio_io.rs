//! tokio's traits on a file.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use super::File;
use super::shared::Done;

/// What tokio's trait wants to know of the last seek.
#[derive(Default)]
pub(super) struct Seek {
    /// And nobody has waited for it to its end.
    is_asked_for: bool,
    /// Where it has led, if somebody has.
    position: u64,
}

impl AsyncRead for File {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        let read = self
            .get_mut()
            .poll_take(cx, room, |bytes| buffer.put_slice(bytes));
        read.map_ok(drop)
    }
}

impl AsyncWrite for File {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        futures_lite::AsyncWrite::poll_write(self, cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        futures_lite::AsyncWrite::poll_write_vectored(self, cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_lite::AsyncWrite::poll_flush(self, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_lite::AsyncWrite::poll_close(self, cx)
    }
}

/// A seek begins when it is asked for: what is done next comes after it, if nobody waits for it.
impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        if self.job.is_some() {
            return Err(io::Error::other(
                "something was asked for before; call `poll_complete` until it is done",
            ));
        }
        self.begin(move |shared| shared.seek(to))?;
        self.seek.is_asked_for = true;
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let is_asked_for = self.seek.is_asked_for;
        let done = ready!(self.poll_done(cx, is_asked_for));
        self.seek.is_asked_for = false;
        if let Some(Done::Sought(_, outcome)) = done? {
            self.seek.position = outcome?;
        }
        Poll::Ready(Ok(self.seek.position))
    }
}
