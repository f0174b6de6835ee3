//! What is not awaited: the `try_` forms, which do not wait, and those for a `poll` function.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest};

use crate::readiness;
use crate::unix::pipe::{Receiver, Sender};

impl Receiver {
    /// As [`read`](Self::read), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read), and `WouldBlock` if there is nothing to read.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// use std::io::ErrorKind;
    ///
    /// assert_eq!(receiver.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// sender.write_all(b"hello").await?;
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Read, |mut stream| stream.read(buffer))
    }

    /// As [`try_read`](Self::try_read), into several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Read, |mut stream| stream.read_vectored(buffers))
    }

    /// As [`readable`](Self::readable), for those who write a `poll` function. Of several tasks that poll to read, the
    /// last one is woken.
    ///
    /// # Errors
    ///
    /// As for [`readable`](Self::readable).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// use std::future::poll_fn;
    ///
    /// sender.write_all(b"hello").await?;
    /// poll_fn(|cx| receiver.poll_read_ready(cx)).await?;
    /// assert_eq!(receiver.try_read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let location = Location::caller();
        let ready = self.registration.poll_ready(Direction::Read, location, cx);
        ready.map_ok(drop)
    }

    /// Calls `operation`, which does something with this pipe that has no method here, once and without waiting.
    ///
    /// It must return `WouldBlock` if and only if the pipe did.
    ///
    /// # Errors
    ///
    /// The operation's; `WouldBlock` without having called it when the pipe is not ready.
    pub fn try_io<T>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        readiness::try_io(self, interest, operation)
    }
}

impl Sender {
    /// As [`write`](Self::write), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write), and `WouldBlock` if there is no room.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// while sender.try_write(&[0; 4096]).is_ok() {}
    /// // It is full now. Room for one page is made:
    /// receiver.read_exact(&mut [0; 4096]).await?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write(&[0; 4096])?, 4096);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Write, |mut stream| stream.write(bytes))
    }

    /// As [`try_write`](Self::try_write), from several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As for [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Write, |mut stream| stream.write_vectored(buffers))
    }

    /// As [`writable`](Self::writable), for those who write a `poll` function. Of several tasks that poll to write, the
    /// last one is woken.
    ///
    /// # Errors
    ///
    /// As for [`writable`](Self::writable).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (sender, receiver) = reveille_net::unix::pipe::pipe()?;
    /// use std::future::poll_fn;
    ///
    /// poll_fn(|cx| sender.poll_write_ready(cx)).await?;
    /// assert_eq!(sender.try_write(b"hello")?, 5);
    /// # drop(receiver);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let location = Location::caller();
        let ready = self.registration.poll_ready(Direction::Write, location, cx);
        ready.map_ok(drop)
    }

    /// Calls `operation`, which does something with this pipe that has no method here, once and without waiting.
    ///
    /// It must return `WouldBlock` if and only if the pipe did.
    ///
    /// # Errors
    ///
    /// The operation's; `WouldBlock` without having called it when the pipe is not ready.
    pub fn try_io<T>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        readiness::try_io(self, interest, operation)
    }
}
