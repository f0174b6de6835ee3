//! tokio's traits on a file.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use super::File;

/// The seek that was asked for: tokio's trait asks first, and waits then.
#[derive(Default)]
pub(super) struct Seek {
    to: Option<SeekFrom>,
    /// Where the last one has led.
    position: u64,
}

impl AsyncRead for File {
    #[track_caller]
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
    #[track_caller]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        futures_lite::AsyncWrite::poll_write(self, cx, bytes)
    }

    #[track_caller]
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

    #[track_caller]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_lite::AsyncWrite::poll_flush(self, cx)
    }

    #[track_caller]
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_lite::AsyncWrite::poll_close(self, cx)
    }
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        if self.seek.to.is_some() {
            return Err(io::Error::other(
                "a seek was asked for before; call `poll_complete` until it is done",
            ));
        }
        self.seek.to = Some(to);
        Ok(())
    }

    #[track_caller]
    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if let Some(to) = self.seek.to {
            let outcome = ready!(self.poll_sought(cx, to));
            self.seek.to = None;
            self.seek.position = outcome?;
        }
        Poll::Ready(Ok(self.seek.position))
    }
}
