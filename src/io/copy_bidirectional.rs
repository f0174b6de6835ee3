//! Copying between two streams, both ways at once.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite};
use reveille_context::coop;

/// Copies what `a` reads to `b` and what `b` reads to `a`, until both have ended; returns how many bytes went from `a` to
/// `b`, and from `b` to `a`.
///
/// The directions end one by one. When one stream has no more to read, the other one's direction of writing is closed, so
/// that its peer sees the end too, while it may still answer. What was written is flushed before this waits for more.
///
/// The buffers, one for each direction, have 8 KiB; [`copy_bidirectional_with_sizes`] takes others.
///
/// # Errors
///
/// The first of either stream, in either direction; the other direction is then left where it is.
/// [`WriteZero`](io::ErrorKind::WriteZero) if a stream takes nothing more.
///
/// # Cancel safety
///
/// Not safe: bytes that were read and not yet written are lost.
///
/// # Examples
///
/// A proxy for one connection:
///
/// ```
/// use std::net::Shutdown;
///
/// use reveille::io::{AsyncReadExt, copy_bidirectional};
/// use reveille::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let server = TcpListener::bind("127.0.0.1:0").await?;
///     let proxy = TcpListener::bind("127.0.0.1:0").await?;
///     let (front, back) = (proxy.local_addr()?, server.local_addr()?);
///     let proxied = reveille::spawn(async move {
///         let (mut client, _) = proxy.accept().await?;
///         let mut server = TcpStream::connect(back).await?;
///         copy_bidirectional(&mut client, &mut server).await
///     });
///
///     let mut client = TcpStream::connect(front).await?;
///     let (server, _) = server.accept().await?;
///     client.write_all(b"question").await?;
///     client.shutdown(Shutdown::Write)?;
///     // The server reads to the end, and answers only then.
///     let mut question = Vec::new();
///     (&server).read_to_end(&mut question).await?;
///     server.write_all(b"answer").await?;
///     drop(server);
///     let mut answer = Vec::new();
///     client.read_to_end(&mut answer).await?;
///     assert_eq!((&question[..], &answer[..]), (&b"question"[..], &b"answer"[..]));
///     assert_eq!(proxied.await.unwrap()?, (8, 6));
///     Ok(())
/// })
/// # }
/// ```
pub fn copy_bidirectional<'a, A, B>(a: &'a mut A, b: &'a mut B) -> CopyBidirectional<'a, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, SIZE, SIZE)
}

/// As [`copy_bidirectional`], which has an example, with buffers of so many bytes for each direction.
///
/// # Panics
///
/// If a size is 0.
///
/// # Errors
///
/// As there.
///
/// # Cancel safety
///
/// As there.
#[track_caller]
pub fn copy_bidirectional_with_sizes<'a, A, B>(
    a: &'a mut A,
    b: &'a mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> CopyBidirectional<'a, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    CopyBidirectional {
        a,
        b,
        a_to_b: Direction::new(a_to_b_buf_size),
        b_to_a: Direction::new(b_to_a_buf_size),
    }
}

const SIZE: usize = 8 * 1024;

/// The future of [`copy_bidirectional`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct CopyBidirectional<'a, A: ?Sized, B: ?Sized> {
    a: &'a mut A,
    b: &'a mut B,
    a_to_b: Direction,
    b_to_a: Direction,
}

impl<A, B> Future for CopyBidirectional<'_, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    type Output = io::Result<(u64, u64)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Each gets its poll, whatever the other one does.
        let there = this.a_to_b.poll(cx, this.a, this.b)?;
        let back = this.b_to_a.poll(cx, this.b, this.a)?;
        Poll::Ready(Ok((ready!(there), ready!(back))))
    }
}

impl<A: ?Sized, B: ?Sized> fmt::Debug for CopyBidirectional<'_, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyBidirectional")
            .field("a_to_b", &self.a_to_b.copied)
            .field("b_to_a", &self.b_to_a.copied)
            .finish_non_exhaustive()
    }
}

/// One of the two.
struct Direction {
    buffer: Box<[u8]>,
    /// What is in it and not yet written.
    start: usize,
    end: usize,
    copied: u64,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Copying {
        /// Something was written that the writer may still keep to itself.
        unflushed: bool,
    },
    Closing,
    Finished,
}

impl Direction {
    #[track_caller]
    fn new(size: usize) -> Self {
        assert!(
            size > 0,
            "a buffer of 0 bytes copies nothing; ask for at least one"
        );
        Self {
            buffer: vec![0; size].into(),
            start: 0,
            end: 0,
            copied: 0,
            stage: Stage::Copying { unflushed: false },
        }
    }

    fn poll<R, W>(&mut self, cx: &mut Context<'_>, reader: &mut R, writer: &mut W) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            match self.stage {
                Stage::Copying { unflushed } if self.start == self.end => {
                    let progress = ready!(coop::poll_proceed(cx));
                    match Pin::new(&mut *reader).poll_read(cx, &mut self.buffer)? {
                        Poll::Ready(0) => self.stage = Stage::Closing,
                        Poll::Ready(count) => (self.start, self.end) = (0, count),
                        Poll::Pending if unflushed => {
                            ready!(Pin::new(&mut *writer).poll_flush(cx))?;
                            self.stage = Stage::Copying { unflushed: false };
                            return Poll::Pending;
                        }
                        Poll::Pending => return Poll::Pending,
                    }
                    progress.made();
                }
                Stage::Copying { .. } => {
                    let rest = &self.buffer[self.start..self.end];
                    let count = ready!(Pin::new(&mut *writer).poll_write(cx, rest))?;
                    if count == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.start += count;
                    self.copied += count as u64;
                    self.stage = Stage::Copying { unflushed: true };
                }
                Stage::Closing => {
                    // It flushes first.
                    ready!(Pin::new(&mut *writer).poll_close(cx))?;
                    self.stage = Stage::Finished;
                }
                Stage::Finished => return Poll::Ready(Ok(self.copied)),
            }
        }
    }
}
