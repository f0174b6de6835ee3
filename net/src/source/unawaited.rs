//! What is not awaited: the `try_` forms, which do not wait, and those for a `poll` function.

use std::io;
use std::os::fd::AsFd;
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest};

use super::Source;
use crate::readiness;

impl<T: AsFd> Source<T> {
    /// As [`read_with`](Self::read_with), as a function to poll. All who poll so share one place for a waker: the last task
    /// is woken.
    ///
    /// # Errors
    ///
    /// Those of `operation`, and of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: what `operation` returned is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (ours, mut peer) = UnixStream::pair()?;
    /// let ours = Source::new(ours)?;
    /// peer.write_all(b"hello")?;
    /// let mut buffer = [0; 8];
    /// let read = poll_fn(|cx| ours.poll_read_with(cx, |mut stream| stream.read(&mut buffer)));
    /// assert_eq!(pollster::block_on(read)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn poll_read_with<R>(
        &self,
        cx: &mut Context<'_>,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_with(Direction::Read, Location::caller(), cx, operation)
    }

    /// As [`write_with`](Self::write_with), as a function to poll. All who poll so share one place for a waker: the last
    /// task is woken.
    ///
    /// # Errors
    ///
    /// Those of `operation`, and of waiting.
    ///
    /// # Cancel safety
    ///
    /// Safe: what `operation` returned is returned by the same poll.
    #[track_caller]
    pub fn poll_write_with<R>(
        &self,
        cx: &mut Context<'_>,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_with(Direction::Write, Location::caller(), cx, operation)
    }

    fn poll_with<R>(
        &self,
        direction: Direction,
        location: &'static Location<'static>,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration
            .poll_io(direction, location, cx, |inner| operation(&inner.0))
    }

    /// Calls `operation`, which reads, once and without waiting.
    ///
    /// # Errors
    ///
    /// Those of `operation`; `WouldBlock`, without calling it, if nothing was reported since it last met that.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{self, Read};
    /// use std::os::unix::net::UnixStream;
    ///
    /// use reveille_net::source::Source;
    ///
    /// # fn main() -> io::Result<()> {
    /// let (ours, _peer) = UnixStream::pair()?;
    /// let ours = Source::new(ours)?;
    /// let read = ours.try_read_with(|mut stream| stream.read(&mut [0]));
    /// assert_eq!(read.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read_with<R>(&self, operation: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.try_io(Interest::READABLE, operation)
    }

    /// Calls `operation`, which writes, once and without waiting.
    ///
    /// # Errors
    ///
    /// Those of `operation`; `WouldBlock`, without calling it, if nothing was reported since it last met that.
    pub fn try_write_with<R>(&self, operation: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.try_io(Interest::WRITABLE, operation)
    }

    /// Calls `operation` once and without waiting. Its `WouldBlock` is taken to be about every direction in `interest`.
    ///
    /// # Errors
    ///
    /// Those of `operation`; `WouldBlock`, without calling it, if nothing was reported since it last met that.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        readiness::try_once(&self.registration, interest, |inner| operation(&inner.0))
    }
}
