//! The process's standard streams, on the runtime's blocking pool.

use std::convert::identity;
use std::io::{self, Read as _};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncBufRead, AsyncRead, AsyncWrite};

use crate::pool_job::{self, Job, Needs};

/// How much one job reads or writes.
const AT_ONCE: usize = 64 * 1024;

/// The process's standard input. Each read that finds nothing kept is a job of the runtime's blocking pool.
///
/// A job that waits for input cannot be stopped: as in tokio, dropping the runtime waits for it (use
/// [`shutdown_background`](crate::runtime::Runtime::shutdown_background)). What it reads after its `Stdin` was dropped is
/// lost. On Unix, [`Source`](super::Source) waits for a terminal or pipe without a thread.
///
/// # Errors
///
/// Reading outside a runtime is an error, and so is reading while the runtime shuts down.
///
/// # Cancel safety
///
/// Dropping a read loses nothing: what comes is kept in the `Stdin` for the next one.
///
/// # Examples
///
/// ```no_run
/// use reveille::io::{AsyncBufReadExt, stdin};
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut name = String::new();
///     stdin().read_line(&mut name).await?;
///     println!("hello {name}");
///     Ok(())
/// })
/// # }
/// ```
pub fn stdin() -> Stdin {
    Stdin {
        kept: Vec::new(),
        taken: 0,
        job: None,
    }
}

/// Made by [`stdin`], which has an example.
#[derive(Debug)]
pub struct Stdin {
    kept: Vec<u8>,
    /// So much of it was handed out.
    taken: usize,
    job: Option<Job<io::Result<Vec<u8>>>>,
}

impl AsyncBufRead for Stdin {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.taken == this.kept.len() {
            this.kept = ready!(poll_job(&mut this.job, cx, read))?;
            this.taken = 0;
        }
        Poll::Ready(Ok(&this.kept[this.taken..]))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.taken = (self.taken + amount).min(self.kept.len());
    }
}

impl AsyncRead for Stdin {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_take(cx, buffer.len(), |bytes| {
            buffer[..bytes.len()].copy_from_slice(bytes);
            bytes.len()
        })
    }
}

impl Stdin {
    /// Hands what there is to `put`, as much of it as there is `room` for.
    pub(super) fn poll_take<T>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: usize,
        put: impl FnOnce(&[u8]) -> T,
    ) -> Poll<io::Result<T>> {
        if room == 0 {
            // A read would wait for what there is no room for.
            return Poll::Ready(Ok(put(&[])));
        }
        let kept = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = kept.len().min(room);
        let put = put(&kept[..count]);
        self.consume(count);
        Poll::Ready(Ok(put))
    }
}

/// Blocks.
fn read() -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; AT_ONCE];
    let count = io::stdin().read(&mut bytes)?;
    bytes.truncate(count);
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The process's standard output. What is written is handed to a job of the runtime's blocking pool, which writes and
/// flushes it; one at a time for each `Stdout`.
///
/// A write is ready when its bytes are handed on. Flush before the runtime ends: a job that has not begun then is not
/// begun any more. Errors come out of the next write or flush.
///
/// # Errors
///
/// The system's; outside a runtime, or while it shuts down, every write is one.
///
/// # Cancel safety
///
/// A `write` that is dropped before it was ready has written nothing.
///
/// # Examples
///
/// ```
/// use reveille::io::{AsyncWriteExt, stdout};
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut output = stdout();
///     output.write_all(b"hello\n").await?;
///     output.flush().await
/// })
/// # }
/// ```
pub fn stdout() -> Stdout {
    Stdout { job: None }
}

/// Made by [`stdout`], which has an example.
#[derive(Debug)]
pub struct Stdout {
    job: Option<Job<io::Result<()>>>,
}

/// The process's standard error. It is as [`stdout`] in all else.
///
/// # Examples
///
/// ```
/// use reveille::io::{AsyncWriteExt, stderr};
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut output = stderr();
///     output.write_all(b"hello\n").await?;
///     output.flush().await
/// })
/// # }
/// ```
pub fn stderr() -> Stderr {
    Stderr { job: None }
}

/// Made by [`stderr`], which has an example.
#[derive(Debug)]
pub struct Stderr {
    job: Option<Job<io::Result<()>>>,
}

impl AsyncWrite for Stdout {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        poll_write(&mut self.job, cx, bytes, |bytes| write(io::stdout(), bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_written(&mut self.job, cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncWrite for Stderr {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        poll_write(&mut self.job, cx, bytes, |bytes| write(io::stderr(), bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_written(&mut self.job, cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// Blocks.
fn write(mut output: impl io::Write, bytes: &[u8]) -> io::Result<()> {
    output.write_all(bytes)?;
    output.flush()
}

/// Hands the bytes to a job, once the one before has ended.
fn poll_write(
    job: &mut Option<Job<io::Result<()>>>,
    cx: &mut Context<'_>,
    bytes: &[u8],
    write: fn(&[u8]) -> io::Result<()>,
) -> Poll<io::Result<usize>> {
    ready!(poll_written(job, cx))?;
    let chunk = bytes[..bytes.len().min(AT_ONCE)].to_vec();
    let count = chunk.len();
    *job = Some(begin(move || write(&chunk))?);
    Poll::Ready(Ok(count))
}

/// Ready when no job is left.
fn poll_written(job: &mut Option<Job<io::Result<()>>>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    match job {
        Some(_) => poll_job(job, cx, || unreachable!("there is a job")),
        None => Poll::Ready(Ok(())),
    }
}

/// The outcome of the job that there is, else of one that does `work`.
fn poll_job<T: Send + 'static>(
    job: &mut Option<Job<io::Result<T>>>,
    cx: &mut Context<'_>,
    work: fn() -> io::Result<T>,
) -> Poll<io::Result<T>> {
    let running = match job {
        Some(running) => running,
        None => job.insert(begin(work)?),
    };
    let outcome = ready!(running.poll(cx));
    *job = None;
    Poll::Ready(outcome.and_then(identity))
}

#[track_caller]
fn begin<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<Job<io::Result<T>>> {
    let needs = Needs {
        what: "the standard streams",
        instead: "std::io",
    };
    Ok(Job::begin(pool_job::runtime(needs)?, Location::caller(), work))
}
