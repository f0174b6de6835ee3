//! What is not awaited: the `try_` forms, which do not wait, and those for a `poll` function.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest};

use crate::readiness;
use crate::socket::Peeking;
use crate::unix::stream::UnixStream;

impl UnixStream {
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
    /// # let (here, there) = reveille_net::UnixStream::pair()?;
    /// use std::io::ErrorKind;
    ///
    /// let mut buffer = [0; 8];
    /// assert_eq!(here.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    ///
    /// there.write_all(b"hello").await?;
    /// here.readable().await?;
    /// assert_eq!(here.try_read(&mut buffer)?, 5);
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
    /// # let (here, there) = reveille_net::UnixStream::pair()?;
    /// // Whether or not the peer reads: nobody waits.
    /// while here.try_write(&[0; 65536]).is_ok() {}
    /// # drop(there);
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

    /// Calls `operation`, which does something with this socket that has no method here, once and without waiting.
    ///
    /// It must return `WouldBlock` if and only if the socket did: that is how one comes to know that there is
    /// something to wait for.
    ///
    /// # Errors
    ///
    /// The operation's; `WouldBlock` without having called it when nothing of `interest` is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, _server) = UnixStream::pair()?;
    ///     let send = || socket2::SockRef::from(&client).send(b"hello");
    ///     client.writable().await?;
    ///     client.try_io(reveille_reactor::Interest::WRITABLE, send)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<T>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        readiness::try_io(self, interest, operation)
    }

    /// As [`peek`](Self::peek), for those who write a `poll` function. Of several tasks that poll to read, the last
    /// one is woken.
    ///
    /// # Errors
    ///
    /// As for [`peek`](Self::peek).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (here, there) = reveille_net::UnixStream::pair()?;
    /// use std::future::poll_fn;
    ///
    /// there.write_all(b"hello").await?;
    /// let mut first = [0];
    /// assert_eq!(poll_fn(|cx| here.poll_peek(cx, &mut first)).await?, 1);
    /// assert_eq!(&first, b"h");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.registration
            .poll_io(Direction::Read, Location::caller(), cx, |stream| {
                <Self as Peeking>::peek(stream, buffer)
            })
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
    /// # let (here, there) = reveille_net::UnixStream::pair()?;
    /// use std::future::poll_fn;
    ///
    /// there.write_all(b"hello").await?;
    /// poll_fn(|cx| here.poll_read_ready(cx)).await?;
    /// assert_eq!(here.try_read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let location = Location::caller();
        let ready = self.registration.poll_ready(Direction::Read, location, cx);
        ready.map_ok(drop)
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
    /// # let (here, there) = reveille_net::UnixStream::pair()?;
    /// use std::future::poll_fn;
    ///
    /// poll_fn(|cx| here.poll_write_ready(cx)).await?;
    /// assert_eq!(here.try_write(b"hello")?, 5);
    /// # drop(there);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let location = Location::caller();
        let ready = self.registration.poll_ready(Direction::Write, location, cx);
        ready.map_ok(drop)
    }
}
