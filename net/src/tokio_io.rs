//! tokio's `AsyncRead` and `AsyncWrite`, for the streams, their halves, and pipes.
//!
//! Of several tasks that poll in one direction through these, the last one is woken. Closing closes the direction of
//! writing; a connection that is gone counts as closed. A pipe ends when it is dropped.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{TcpStream, polled, receive, tcp};

/// A type, and the stream that it reads from.
macro_rules! reads {
    ($reader:ty, |$this:ident| $stream:expr) => {
        impl AsyncRead for $reader {
            #[track_caller]
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let $this = &*self;
                receive::into_tokio($stream, cx, buffer)
            }
        }
    };
}

/// A type, the stream that it writes to, and what closes that direction, if it is not as with a socket.
macro_rules! writes {
    ($writer:ty, |$this:ident| $stream:expr) => {
        writes!($writer, |$this| $stream, |stream| polled::closed(
            stream.shutdown(Shutdown::Write)
        ));
    };
    ($writer:ty, |$this:ident| $stream:expr, |$closed:pat_param| $close:expr) => {
        impl AsyncWrite for $writer {
            #[track_caller]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $this = &*self;
                polled::write($stream, cx, bytes)
            }

            #[track_caller]
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $this = &*self;
                polled::write_vectored($stream, cx, buffers)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = &*self;
                let $closed = $stream;
                Poll::Ready($close)
            }
        }
    };
}

reads!(TcpStream, |stream| stream);
writes!(TcpStream, |stream| stream);
reads!(&TcpStream, |stream| *stream);
writes!(&TcpStream, |stream| *stream);
reads!(tcp::ReadHalf<'_>, |half| half.stream());
writes!(tcp::WriteHalf<'_>, |half| half.stream());
reads!(tcp::OwnedReadHalf, |half| half.stream());
writes!(tcp::OwnedWriteHalf, |half| half.stream());

#[cfg(unix)]
const _: () = {
    use crate::{UnixStream, unix};

    reads!(UnixStream, |stream| stream);
    writes!(UnixStream, |stream| stream);
    reads!(&UnixStream, |stream| *stream);
    writes!(&UnixStream, |stream| *stream);
    reads!(unix::ReadHalf<'_>, |half| half.stream());
    writes!(unix::WriteHalf<'_>, |half| half.stream());
    reads!(unix::OwnedReadHalf, |half| half.stream());
    writes!(unix::OwnedWriteHalf, |half| half.stream());
    reads!(unix::pipe::Receiver, |receiver| receiver);
    reads!(&unix::pipe::Receiver, |receiver| *receiver);
    // There is no closing a pipe but by dropping it.
    writes!(unix::pipe::Sender, |sender| sender, |_| Ok(()));
    writes!(&unix::pipe::Sender, |sender| *sender, |_| Ok(()));
};
