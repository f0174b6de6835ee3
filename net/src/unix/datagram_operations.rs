//! Sending, receiving and waiting.

use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use reveille_reactor::Interest;

use crate::async_io::AsyncIo;
use crate::datagram::{PeekFrom, Recv, RecvFrom, RecvMsg, Send};
use crate::readiness::{Readable, Readiness, Writable};
use crate::transfer::Peek;
use crate::unix::address;
use crate::unix::datagram::UnixDatagram;
use crate::unix::messages::SendTo;

impl UnixDatagram {
    /// Sends a message to the peer, and returns its length.
    ///
    /// # Errors
    ///
    /// The system's: `ConnectionRefused` if nobody is there any more, and one for a message that is too long.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was sent is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, _server) = UnixDatagram::pair()?;
    ///     assert_eq!(client.send(b"hello").await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn send<'a>(&'a self, message: &'a [u8]) -> Send<'a, Self> {
        Send::new(self, message)
    }

    /// Receives a message, and returns its length.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let length = server.recv(&mut buffer).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn recv<'a>(&'a self, buffer: &'a mut [u8]) -> Recv<'a, Self> {
        Recv::new(self, buffer)
    }

    /// As [`recv`](Self::recv), but the message stays, to be received again.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(server.peek(&mut buffer).await?, 5);
    ///     assert_eq!(server.recv(&mut buffer).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, Self> {
        Peek::new(self, buffer)
    }

    /// Sends a message to the socket at a path, and returns its length. It waits until that one has room.
    ///
    /// Of that the system gives no news to a socket that is not [connected](Self::connect) to it. So when it is full of
    /// others' messages this tries again by time: after 1 ms, and with each refusal after twice as long, up to 32 ms.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and `NotFound` if there is no such path.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was sent is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("reveille-datagram-send-to-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// pollster::block_on(async {
    ///     let server = UnixDatagram::bind(&path)?;
    ///     UnixDatagram::unbound()?.send_to(b"hello", &path).await?;
    ///     assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    /// #   std::fs::remove_file(&path)
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn send_to<'a, P: AsRef<Path>>(&'a self, message: &'a [u8], target: P) -> SendTo<'a> {
        SendTo::new(self, message, address::from_path(target.as_ref()))
    }

    /// As [`send_to`](Self::send_to), to an address: [`recv_from`](Self::recv_from)'s, say.
    ///
    /// # Errors
    ///
    /// As for [`send_to`](Self::send_to), and one for an address without path and name.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was sent is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::linux::net::SocketAddrExt;
    ///
    /// use reveille_net::UnixDatagram;
    /// use reveille_net::unix::SocketAddr;
    ///
    /// let name = format!("reveille datagram send_to_addr {}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?;
    /// let _server = UnixDatagram::bind_addr(&address)?;
    /// pollster::block_on(UnixDatagram::unbound()?.send_to_addr(b"hello", &address))?;
    /// # }
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn send_to_addr<'a>(&'a self, message: &'a [u8], target: &SocketAddr) -> SendTo<'a> {
        SendTo::new(self, message, Ok(target.clone()))
    }

    /// Receives a message, and returns its length and from whom it came.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
    ///     let (length, from) = server.recv_from(&mut [0; 16]).await?;
    ///     assert!(length == 5 && from.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn recv_from<'a>(&'a self, buffer: &'a mut [u8]) -> RecvFrom<'a, Self> {
        RecvFrom::new(self, buffer)
    }

    /// Receives a message, and returns its length, from whom it came, and whether it was cut off because it did not fit
    /// into the buffer.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
    ///     let received = server.recv_msg(&mut [0; 16]).await?;
    ///     assert!(received.length == 5 && !received.truncated);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn recv_msg<'a>(&'a self, buffer: &'a mut [u8]) -> RecvMsg<'a, Self> {
        RecvMsg::new(self, buffer)
    }

    /// As [`recv_from`](Self::recv_from), but the message stays, to be received again.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](Self::recv_from).
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
    ///     let (_, from) = server.peek_from(&mut []).await?;
    ///     assert!(from.is_unnamed());
    ///     assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn peek_from<'a>(&'a self, buffer: &'a mut [u8]) -> PeekFrom<'a, Self> {
        PeekFrom::new(self, buffer)
    }

    /// Waits until there is a message; [`try_recv`](Self::try_recv) then takes it. It may be ready although there is
    /// none: then that says `WouldBlock`, and one waits again.
    ///
    /// # Errors
    ///
    /// Those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: it stays readable until it is received from.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
    ///     // The buffer is needed only once there is something to put into it.
    ///     let length = loop {
    ///         server.readable().await?;
    ///         match server.try_recv(&mut [0; 16]) {
    ///             Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
    ///             received => break received?,
    ///         }
    ///     };
    ///     assert_eq!(length, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn readable(&self) -> Readable<'_, Self> {
        Readable::new(self)
    }

    /// Waits until there is room to send; [`try_send`](Self::try_send) then uses it. As with
    /// [`readable`](Self::readable), there may be none after all.
    ///
    /// # Errors
    ///
    /// Those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: it stays writable until something is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let (here, _there) = reveille_net::UnixDatagram::pair()?;
    /// let sent = loop {
    ///     here.writable().await?;
    ///     match here.try_send(b"hello") {
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
    /// # pollster::block_on(async {
    /// use reveille_reactor::Interest;
    ///
    /// # let (here, _there) = reveille_net::UnixDatagram::pair()?;
    /// let ready = here.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(ready.is_writable() && !ready.is_readable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
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
    /// use reveille_net::UnixDatagram;
    /// use reveille_reactor::Interest;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (client, server) = UnixDatagram::pair()?;
    ///     client.send(b"hello").await?;
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
