//! Reading, writing and waiting, by `&self`.

use std::io;

use reveille_reactor::Interest;

use crate::async_io::AsyncIo;
use crate::readiness::{Readable, Readiness, Writable};
use crate::transfer::{Peek, Read, ReadExact, Write, WriteAll};
use crate::unix::stream::UnixStream;

impl UnixStream {
    /// Reads what there is, at least one byte, and returns how many; 0 when the peer has closed its direction, or the
    /// buffer is empty.
    ///
    /// # Errors
    ///
    /// The system's: `ConnectionReset` when the peer was closed with something unread.
    ///
    /// # Cancel safety
    ///
    /// Safe: bytes that were taken from the stream are returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///     server.write_all(b"hello").await?;
    ///
    ///     let mut buffer = [0; 64];
    ///     let length = client.read(&mut buffer).await?;
    ///     assert!((1..=5).contains(&length) && b"hello".starts_with(&buffer[..length]));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, Self> {
        Read::new(self, buffer)
    }

    /// Reads until the buffer is full, and returns its length.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read), and `UnexpectedEof` when the peer closes its direction before.
    ///
    /// # Cancel safety
    ///
    /// Not safe by itself: what was read is in the buffer and no more in the stream. The future counts it,
    /// [`filled`](ReadExact::filled): await `&mut future`, and go on behind that.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future::{or, yield_now};
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///     server.write_all(b"hello").await?;
    ///
    ///     let mut buffer = [0; 64];
    ///     let mut read = client.read_exact(&mut buffer);
    ///     let something_else = async {
    ///         yield_now().await;
    ///         Ok(0)
    ///     };
    ///     or(&mut read, something_else).await?;
    ///     let filled = read.filled();
    ///     drop(read);
    ///     client.read_exact(&mut buffer[filled..5]).await?;
    ///     assert_eq!(&buffer[..5], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, Self> {
        ReadExact::new(self, buffer)
    }

    /// Writes as much as there is room for, at least one byte unless there is none to write, and returns how many.
    ///
    /// # Errors
    ///
    /// The system's: `BrokenPipe` when the peer does not take it any more.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was written is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///     let written = server.write(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     client.read_exact(&mut buffer[..written]).await?;
    ///     assert_eq!(buffer[..written], b"hello"[..written]);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, Self> {
        Write::new(self, bytes)
    }

    /// Writes everything.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// Not safe by itself: a part may be written already. The future counts it, [`written`](WriteAll::written): await
    /// `&mut future`, and go on behind that.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///
    ///     server.write_all(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     client.read_exact(&mut buffer).await?;
    ///     assert_eq!(&buffer, b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, Self> {
        WriteAll::new(self, bytes)
    }

    /// As [`read`](Self::read), but what is read stays in the stream.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///     server.write_all(b"x").await?;
    ///
    ///     let mut buffer = [0; 8];
    ///     assert_eq!(client.peek(&mut buffer).await?, 1);
    ///     assert_eq!(client.read(&mut buffer).await?, 1);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, Self> {
        Peek::new(self, buffer)
    }

    /// Waits until there is something to read, or the end of it; [`try_read`](Self::try_read) then takes it.
    ///
    /// It may be ready although there is nothing: then [`try_read`](Self::try_read) says `WouldBlock`, and one waits
    /// again.
    ///
    /// # Errors
    ///
    /// Those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: the stream stays readable until it is read from.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///     server.write_all(b"x").await?;
    ///
    ///     // The buffer is needed only once there is something to put into it.
    ///     let length = loop {
    ///         client.readable().await?;
    ///         match client.try_read(&mut [0; 8]) {
    ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
    ///             read => break read?,
    ///         }
    ///     };
    ///     assert_eq!(length, 1);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, Self> {
        Readable::new(self)
    }

    /// Waits until there is room to write; [`try_write`](Self::try_write) then uses it. As with
    /// [`readable`](Self::readable), there may be none after all.
    ///
    /// # Errors
    ///
    /// Those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: the stream stays writable until it is written to.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use reveille_net::UnixStream;
    ///
    /// let (here, _there) = UnixStream::pair()?;
    /// let sent = loop {
    ///     here.writable().await?;
    ///     match here.try_write(b"hello") {
    ///         Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
    ///         sent => break sent?,
    ///     }
    /// };
    /// assert_eq!(sent, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn writable(&self) -> Writable<'_, Self> {
        Writable::new(self)
    }

    /// Waits until something of `interest` is the case, and says what.
    ///
    /// # Errors
    ///
    /// Those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: it stays ready until an operation of that direction meets `WouldBlock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    /// use reveille_reactor::Interest;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, _server) = UnixStream::pair()?;
    ///     let ready = client.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(ready.is_writable() && !ready.is_readable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, Self> {
        Readiness::new(self, interest)
    }

    /// Calls `operation`, which does something with this socket that has no method here, until it returns something
    /// else than `WouldBlock`; waits in between until something of `interest` is the case.
    ///
    /// It must return `WouldBlock` if and only if the socket did, and must not be async or block itself.
    ///
    /// # Errors
    ///
    /// The operation's, and those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: what the operation did is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    /// use reveille_reactor::Interest;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixStream::pair()?;
    ///     client.write_all(b"hello").await?;
    ///
    ///     let mut buffer = [std::mem::MaybeUninit::uninit(); 8];
    ///     let receive = || socket2::SockRef::from(&server).recv(&mut buffer);
    ///     assert_eq!(server.async_io(Interest::READABLE, receive).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn async_io<T, F: FnMut() -> io::Result<T>>(
        &self,
        interest: Interest,
        operation: F,
    ) -> AsyncIo<'_, Self, F> {
        AsyncIo::new(self, interest, operation)
    }
}
