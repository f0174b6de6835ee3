//! hyper's `Read` and `Write`, for what this module makes: streams in memory, and those of the process.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::write_as_futures_io::write_as_futures_io;
use super::{DuplexStream, Stderr, Stdin, Stdout};

impl Read for DuplexStream {
    #[track_caller]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        self.poll_take(cx, room, |bytes| buffer.put_slice(bytes))
            .map_ok(drop)
    }
}

impl Read for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        self.poll_take(cx, room, |bytes| buffer.put_slice(bytes))
    }
}

write_as_futures_io!(Write for DuplexStream);
write_as_futures_io!(Write for Stdout);
write_as_futures_io!(Write for Stderr);
