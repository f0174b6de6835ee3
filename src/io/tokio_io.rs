//! tokio's `AsyncRead` and `AsyncWrite`, for what this module makes: streams in memory, and those of the process.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{DuplexStream, Stderr, Stdin, Stdout};

impl AsyncRead for DuplexStream {
    #[track_caller]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        self.poll_take(cx, room, |bytes: &mut VecDeque<u8>| {
            let count = room.min(bytes.len());
            let (first, second) = bytes.as_slices();
            let from_first = count.min(first.len());
            buffer.put_slice(&first[..from_first]);
            buffer.put_slice(&second[..count - from_first]);
            bytes.drain(..count);
            Ok(())
        })
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let kept = ready!(futures_lite::AsyncBufRead::poll_fill_buf(self.as_mut(), cx))?;
        let count = kept.len().min(buffer.remaining());
        buffer.put_slice(&kept[..count]);
        futures_lite::AsyncBufRead::consume(self, count);
        Poll::Ready(Ok(()))
    }
}

/// As the trait of `futures-io` does it.
macro_rules! writes {
    ($type:ty) => {
        impl AsyncWrite for $type {
            #[track_caller]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                futures_lite::AsyncWrite::poll_write(self, cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_lite::AsyncWrite::poll_flush(self, cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_lite::AsyncWrite::poll_close(self, cx)
            }
        }
    };
}

writes!(DuplexStream);
writes!(Stdout);
writes!(Stderr);
