//! Sending, receiving and waiting.

use std::io;

use reveille_reactor::Interest;

use crate::async_io::AsyncIo;
use crate::datagram::{PeekFrom, Recv, RecvFrom, RecvMsg, Send};
use crate::readiness::{Readable, Readiness, Writable};
use crate::to_socket_addrs::ToSocketAddrs;
use crate::transfer::Peek;
use crate::udp::send_to::SendTo;
use crate::udp::socket::UdpSocket;

impl UdpSocket {
    /// Sends a message to the peer, and returns its length.
    ///
    /// # Errors
    ///
    /// The system's: `ConnectionRefused` if an earlier message found nobody there, and one for a message that is too
    /// long.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was sent is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.connect(server.local_addr()?).await?;
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
    /// The system's: `ConnectionRefused` if an earlier message found nobody there.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
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
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
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

    /// Sends a message to the first of the addresses, and returns its length.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and those of looking up the name.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was sent is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", ("127.0.0.1", server.local_addr()?.port())).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn send_to<'a, A: ToSocketAddrs>(&'a self, message: &'a [u8], target: A) -> SendTo<'a> {
        SendTo::new(self, message, target)
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
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
    ///     let (length, from) = server.recv_from(&mut [0; 16]).await?;
    ///     assert_eq!((length, from), (5, client.local_addr()?));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn recv_from<'a>(&'a self, buffer: &'a mut [u8]) -> RecvFrom<'a, Self> {
        RecvFrom::new(self, buffer)
    }

    /// Receives a message, and returns its length, from whom it came, and whether it was cut off because it did not fit
    /// into the buffer. On Windows such a message is an error instead.
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
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
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
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
    ///     let (_, from) = server.peek_from(&mut []).await?;
    ///     assert_eq!(from, client.local_addr()?);
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
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
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
    /// use reveille_net::UdpSocket;
    ///
    /// let server = UdpSocket::bind("127.0.0.1:0").await?;
    /// let client = UdpSocket::bind("127.0.0.1:0").await?;
    /// client.connect(server.local_addr()?).await?;
    /// let sent = loop {
    ///     client.writable().await?;
    ///     match client.try_send(b"hello") {
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
    /// use reveille_net::UdpSocket;
    /// use reveille_reactor::Interest;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// let either = Interest::READABLE | Interest::WRITABLE;
    /// assert!(socket.ready(either).await?.is_writable(), "nothing came, but there is room to send");
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
    /// use reveille_net::UdpSocket;
    /// use reveille_reactor::Interest;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let server = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let client = UdpSocket::bind("127.0.0.1:0").await?;
    ///     client.send_to(b"hello", server.local_addr()?).await?;
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
