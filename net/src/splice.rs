//! From stream to stream by way of a pipe, so that the bytes stay in the kernel: splice(2). Linux alone.
//!
//! The pipe is emptied before it is filled again. So it is never the pipe that an operation would block on, but the stream,
//! which is then waited for; and while one side is not taken from, no more than a pipe is taken from the other.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use reveille_reactor::{Direction, Wait};

use crate::socket::{Reading, Writing};
use crate::sys;

/// Copies from one stream to another, until there is no more to read, without the bytes ever being in this process
/// (`splice(2)`); returns how many. For proxies: it saves the copying, though small messages gain nothing. Linux and
/// Android only.
///
/// It takes TCP and Unix streams, and pipes, each with each. The other direction is not touched: splice there too, at the
/// same time. At the end nothing is closed, so that more can follow: `to.shutdown(Shutdown::Write)` hands the end on.
///
/// It uses a pipe of its own, two descriptors, while it lives.
///
/// # Errors
///
/// The system's, of either side; of want of descriptors for the pipe. What was in the pipe then is lost.
///
/// A program that does not ignore `SIGPIPE`, as programs in Rust do by themselves, gets that one when `to` is closed.
///
/// # Cancel safety
///
/// What was delivered is counted by [`delivered`](Splice::delivered); what is on its way, [`held`](Splice::held), up to
/// 64 KiB as the system has it, is lost when the future is dropped. To stop waiting for it for a while, await `&mut future`,
/// and go on with that later: then nothing is lost.
///
/// # Examples
///
/// ```
/// use std::net::Shutdown;
///
/// use reveille_net::{UnixStream, splice};
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let (client, from) = UnixStream::pair()?;
///     let (to, server) = UnixStream::pair()?;
///     client.write_all(b"hello").await?;
///     client.shutdown(Shutdown::Write)?;
///
///     assert_eq!(splice(&from, &to).await?, 5);
///     let mut buffer = [0; 5];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"hello");
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn splice<'a, F, T>(from: &'a F, to: &'a T) -> Splice<'a, F, T>
where
    F: Reading<Source: AsFd>,
    T: Writing<Source: AsFd>,
{
    let location = Location::caller();
    Splice {
        read: from.registration().wait(Direction::Read, location),
        write: to.registration().wait(Direction::Write, location),
        pipe: None,
        held: 0,
        delivered: 0,
    }
}

/// The future of [`splice`], which has an example.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Splice<'a, F: Reading, T: Writing> {
    read: Wait<'a, F::Source>,
    write: Wait<'a, T::Source>,
    /// Made when it is first needed.
    pipe: Option<Pipe>,
    held: usize,
    delivered: u64,
}

struct Pipe {
    exit: mio::unix::pipe::Receiver,
    entrance: mio::unix::pipe::Sender,
}

/// More than a pipe holds, unless somebody has enlarged those of the whole system.
const AT_ONCE: usize = 1 << 20;

impl<F: Reading, T: Writing> Splice<'_, F, T> {
    /// How many bytes have been written to the other stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::future::poll_fn;
    /// use std::pin::Pin;
    /// use std::task::Poll;
    ///
    /// use reveille_net::{UnixStream, splice};
    ///
    /// let (client, from) = UnixStream::pair()?;
    /// let (to, server) = UnixStream::pair()?;
    /// client.write_all(b"hello").await?;
    /// let mut copy = splice(&from, &to);
    /// // For what is there by now.
    /// let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut copy).poll(cx)));
    /// assert!(once.await.is_pending(), "there may be more");
    /// assert_eq!((copy.delivered(), copy.held()), (5, 0));
    /// drop(copy);
    /// assert_eq!(server.read(&mut [0; 8]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many bytes have been read and not yet written. They are lost if this is dropped now.
    pub fn held(&self) -> usize {
        self.held
    }
}

impl<F, T> Future for Splice<'_, F, T>
where
    F: Reading<Source: AsFd>,
    T: Writing<Source: AsFd>,
{
    type Output = io::Result<u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let pipe = match &mut this.pipe {
            Some(pipe) => pipe,
            none => none.insert(Pipe::new()?),
        };
        loop {
            while this.held > 0 {
                let moved = this
                    .write
                    .poll_io(cx, |to| T::guard(to, || transfer(&pipe.exit, to, this.held)));
                let moved = ready!(moved)?;
                if moved == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                this.held -= moved;
                this.delivered += moved as u64;
            }
            let moved = this.read.poll_io(cx, |from| {
                F::guard(from, || transfer(from, &pipe.entrance, AT_ONCE))
            });
            this.held = ready!(moved)?;
            if this.held == 0 {
                return Poll::Ready(Ok(this.delivered));
            }
        }
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (entrance, exit) = mio::unix::pipe::new()?;
        Ok(Self { exit, entrance })
    }
}

fn transfer(from: impl AsFd, to: impl AsFd, length: usize) -> io::Result<usize> {
    sys::splice::splice(from.as_fd(), to.as_fd(), length)
}

impl<F: Reading, T: Writing> fmt::Debug for Splice<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Splice");
        debug.field("read", &self.read).field("write", &self.write);
        debug
            .field("held", &self.held)
            .field("delivered", &self.delivered);
        debug.finish()
    }
}
