//! tokio's `AsyncRead` and `AsyncWrite`, for what this module makes: streams in memory, and those of the process.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::write_as_futures_io::write_as_futures_io;
use super::{DuplexStream, Stderr, Stdin, Stdout};

impl AsyncRead for DuplexStream {
    #[track_caller]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        self.poll_take(cx, room, |bytes| buffer.put_slice(bytes))
            .map_ok(drop)
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        self.poll_take(cx, room, |bytes| buffer.put_slice(bytes))
    }
}

write_as_futures_io!(AsyncWrite for DuplexStream);
write_as_futures_io!(AsyncWrite for Stdout);
write_as_futures_io!(AsyncWrite for Stderr);
