//! What is not awaited: the `try_` forms, which do not wait, and those for a `poll` function.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest};

use crate::readiness;
use crate::tcp::stream::TcpStream;

impl TcpStream {
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
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// use std::io::ErrorKind;
    ///
    /// let mut buffer = [0; 8];
    /// assert_eq!(client.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    ///
    /// server.write_all(b"hello").await?;
    /// client.readable().await?;
    /// let length = client.try_read(&mut buffer)?;
    /// assert!(b"hello".starts_with(&buffer[..length]));
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
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// use std::io::IoSliceMut;
    ///
    /// server.write_all(b"hello").await?;
    /// client.readable().await?;
    /// let (mut head, mut body) = ([0; 1], [0; 16]);
    /// let buffers = &mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
    /// let length = client.try_read_vectored(buffers)?;
    /// assert!(head == *b"h" && b"ello".starts_with(&body[..length - 1]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
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
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// // Whether or not the peer reads: nobody waits.
    /// while client.try_write(&[0; 65536]).is_ok() {}
    /// # drop(server);
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
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// use std::io::IoSlice;
    ///
    /// let sent = client.try_write_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")])?;
    /// let mut buffer = [0; 8];
    /// server.read_exact(&mut buffer[..sent]).await?;
    /// assert!(b"headbody".starts_with(&buffer[..sent]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
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
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
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
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// use std::future::poll_fn;
    ///
    /// server.write_all(b"hello").await?;
    /// let mut first = [0];
    /// assert_eq!(poll_fn(|cx| client.poll_peek(cx, &mut first)).await?, 1);
    /// assert_eq!(&first, b"h");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.registration
            .poll_io(Direction::Read, Location::caller(), cx, |stream| {
                stream.peek(buffer)
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
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// use std::future::poll_fn;
    ///
    /// server.write_all(b"hello").await?;
    /// poll_fn(|cx| client.poll_read_ready(cx)).await?;
    /// let length = client.try_read(&mut [0; 8])?;
    /// assert!((1..=5).contains(&length));
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
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// use std::future::poll_fn;
    ///
    /// poll_fn(|cx| client.poll_write_ready(cx)).await?;
    /// let length = client.try_write(b"hello")?;
    /// assert!((1..=5).contains(&length));
    /// # drop(server);
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
