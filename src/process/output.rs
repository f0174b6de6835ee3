//! Waiting for all that a child says, and for its end.

use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::process::{ExitStatus, Output};
use std::task::{Context, Poll, ready};

use futures_lite::AsyncRead;

use super::child::Child;
use super::pipes::{ChildStderr, ChildStdout};

/// How much is read at once.
const AT_ONCE: usize = 8 * 1024;

/// The future of [`Child::wait_with_output`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct WaitWithOutput {
    child: Child,
    stdout: Capture<ChildStdout>,
    stderr: Capture<ChildStderr>,
    is_over: bool,
    location: &'static Location<'static>,
}

impl WaitWithOutput {
    pub(super) fn new(mut child: Child, location: &'static Location<'static>) -> Self {
        Self {
            stdout: Capture::new(child.stdout.take()),
            stderr: Capture::new(child.stderr.take()),
            child,
            is_over: false,
            location,
        }
    }
}

impl Future for WaitWithOutput {
    type Output = io::Result<Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.is_over, "this was ready already; the output is given once");
        // Each gets its poll, whatever the others do: a child that waits for one of them would never end.
        let status = this.child.poll_wait(cx, this.location)?;
        let stdout = this.stdout.poll(cx)?;
        let stderr = this.stderr.poll(cx)?;
        let (status, (), ()) = (ready!(status), ready!(stdout), ready!(stderr));
        this.is_over = true;
        Poll::Ready(Ok(Output {
            status,
            stdout: mem::take(&mut this.stdout.bytes),
            stderr: mem::take(&mut this.stderr.bytes),
        }))
    }
}

impl fmt::Debug for WaitWithOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitWithOutput")
            .field("child", &self.child)
            .field("stdout", &self.stdout.bytes.len())
            .field("stderr", &self.stderr.bytes.len())
            .finish()
    }
}

/// What comes out of a pipe.
struct Capture<R> {
    /// `None` at the end.
    pipe: Option<R>,
    bytes: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Capture<R> {
    fn new(pipe: Option<R>) -> Self {
        Self {
            pipe,
            bytes: Vec::new(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = [0; AT_ONCE];
        while let Some(pipe) = &mut self.pipe {
            match ready!(Pin::new(pipe).poll_read(cx, &mut buffer))? {
                0 => self.pipe = None,
                count => self.bytes.extend_from_slice(&buffer[..count]),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The future of [`Command::status`](super::Command::status).
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Status {
    /// The error is taken when it is told.
    child: Result<Child, Option<io::Error>>,
    location: &'static Location<'static>,
}

impl Status {
    pub(super) fn new(child: io::Result<Child>, location: &'static Location<'static>) -> Self {
        let child = child.map(|mut child| {
            // Nobody will write or read, and the child might wait for that.
            (child.stdin, child.stdout, child.stderr) = (None, None, None);
            child
        });
        Self {
            child: child.map_err(Some),
            location,
        }
    }
}

impl Future for Status {
    type Output = io::Result<ExitStatus>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let location = self.location;
        match &mut self.child {
            Ok(child) => child.poll_wait(cx, location),
            Err(error) => Poll::Ready(Err(told_once(error))),
        }
    }
}

/// The future of [`Command::output`](super::Command::output).
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct CollectOutput {
    /// The error is taken when it is told.
    wait: Result<WaitWithOutput, Option<io::Error>>,
}

impl CollectOutput {
    pub(super) fn new(child: io::Result<Child>, location: &'static Location<'static>) -> Self {
        Self {
            wait: child
                .map(|child| WaitWithOutput::new(child, location))
                .map_err(Some),
        }
    }
}

impl Future for CollectOutput {
    type Output = io::Result<Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.wait {
            Ok(wait) => Pin::new(wait).poll(cx),
            Err(error) => Poll::Ready(Err(told_once(error))),
        }
    }
}

fn told_once(error: &mut Option<io::Error>) -> io::Error {
    error
        .take()
        .expect("this was ready already; spawn the command again to try again")
}
