//! The pipes to a child and from it.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::process::{
    ChildStderr as StdChildStderr, ChildStdin as StdChildStdin, ChildStdout as StdChildStdout, Stdio,
};
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};

use super::pipe::{self, Receiver, Sender};

/// What a child reads as its standard input. The child sees the end when this is dropped; `close` does not say so, as
/// for every [pipe](crate::net::unix::pipe::Sender).
///
/// When nobody reads any more, writing fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe). On Windows it is written
/// by jobs of the blocking pool, as a file of `reveille::fs` is: flush it before it is dropped.
///
/// # Cancel safety
///
/// `write` is safe: what was written is returned by the same poll. `write_all` is not.
///
/// See [`process`](crate::process) for an example.
#[derive(Debug)]
pub struct ChildStdin(Sender);

/// What a child writes to its standard output.
///
/// # Cancel safety
///
/// `read` is safe: what was read is returned by the same poll, or on Windows by the next one.
///
/// See [`process`](crate::process) for an example.
#[derive(Debug)]
pub struct ChildStdout(Receiver);

/// What a child writes to its standard error. It is as [`ChildStdout`] in all else.
///
/// # Examples
///
/// ```
/// use std::process::Stdio;
///
/// use reveille::io::AsyncReadExt;
/// use reveille::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut child = Command::new("sh").args(["-c", "echo oh no >&2"]).stderr(Stdio::piped()).spawn()?;
///     let mut text = String::new();
///     child.stderr.take().expect("it is piped").read_to_string(&mut text).await?;
///     assert_eq!(text, "oh no\n");
///     child.wait().await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStderr(Receiver);

impl AsyncWrite for ChildStdin {
    #[track_caller]
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.0), cx, bytes)
    }

    #[track_caller]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write_vectored(Pin::new(&mut self.0), cx, buffers)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_close(Pin::new(&mut self.0), cx)
    }
}

/// The trait of `futures-io`, by way of the pipe's.
macro_rules! reads {
    ($output:ty) => {
        impl AsyncRead for $output {
            #[track_caller]
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                AsyncRead::poll_read(Pin::new(&mut self.0), cx, buffer)
            }

            #[track_caller]
            fn poll_read_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                AsyncRead::poll_read_vectored(Pin::new(&mut self.0), cx, buffers)
            }
        }
    };
}
reads!(ChildStdout);
reads!(ChildStderr);

/// The way from std's and back.
macro_rules! converts {
    ($ours:ident, $stds:ty, $take:path, $release:path) => {
        impl $ours {
            /// Takes that of std's [`Child`](std::process::Child) over. It works anywhere.
            ///
            /// # Errors
            ///
            /// On Unix the system's, when it cannot be put into non-blocking mode.
            pub fn from_std(inner: $stds) -> io::Result<Self> {
                $take(inner).map(Self)
            }

            /// The descriptor, in blocking mode, as another child wants it.
            ///
            /// # Errors
            ///
            /// The system's, when the mode cannot be changed; then it is closed.
            #[cfg(unix)]
            pub fn into_owned_fd(self) -> io::Result<std::os::fd::OwnedFd> {
                $release(self.0)
            }

            /// The handle.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if a job still reads or writes; then it is closed.
            #[cfg(windows)]
            pub fn into_owned_handle(self) -> io::Result<std::os::windows::io::OwnedHandle> {
                $release(self.0)
            }
        }

        /// For another child: what this one writes the other one reads, or the other way round.
        impl TryFrom<$ours> for Stdio {
            type Error = io::Error;

            fn try_from(ours: $ours) -> io::Result<Self> {
                Ok($release(ours.0)?.into())
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsFd for $ours {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $ours {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.0.as_raw_fd()
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsHandle for $ours {
            fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
                self.0.as_handle()
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsRawHandle for $ours {
            fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
                self.0.as_raw_handle()
            }
        }
    };
}
converts!(ChildStdin, StdChildStdin, pipe::sender, pipe::release_sender);
converts!(
    ChildStdout,
    StdChildStdout,
    pipe::receiver,
    pipe::release_receiver
);
converts!(
    ChildStderr,
    StdChildStderr,
    pipe::receiver,
    pipe::release_receiver
);

#[cfg(feature = "tokio-io")]
const _: () = {
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    impl AsyncWrite for ChildStdin {
        #[track_caller]
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            AsyncWrite::poll_write(Pin::new(&mut self.0), cx, bytes)
        }

        #[track_caller]
        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffers: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            AsyncWrite::poll_write_vectored(Pin::new(&mut self.0), cx, buffers)
        }

        fn is_write_vectored(&self) -> bool {
            AsyncWrite::is_write_vectored(&self.0)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            AsyncWrite::poll_shutdown(Pin::new(&mut self.0), cx)
        }
    }

    macro_rules! reads_for_tokio {
        ($output:ty) => {
            impl AsyncRead for $output {
                #[track_caller]
                fn poll_read(
                    mut self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                    buffer: &mut ReadBuf<'_>,
                ) -> Poll<io::Result<()>> {
                    AsyncRead::poll_read(Pin::new(&mut self.0), cx, buffer)
                }
            }
        };
    }
    reads_for_tokio!(ChildStdout);
    reads_for_tokio!(ChildStderr);
};
