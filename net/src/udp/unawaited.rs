//! What is not awaited: the `try_` forms, which do not wait, and those for a `poll` function.

use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest};

use crate::datagram::Received;
use crate::readiness;
use crate::socket::Datagram;
use crate::udp::socket::UdpSocket;

impl UdpSocket {
    /// As [`send`](Self::send), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and `WouldBlock` if there is no room.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// assert_eq!(client.try_send(b"hello")?, 5);
    /// assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_send(&self, message: &[u8]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Write, |socket| socket.send(message))
    }

    /// As [`recv`](Self::recv), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and `WouldBlock` if there is no message.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// use std::io::ErrorKind;
    ///
    /// let mut buffer = [0; 16];
    /// assert_eq!(server.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    ///
    /// client.send(b"hello").await?;
    /// server.readable().await?;
    /// assert_eq!(server.try_recv(&mut buffer)?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Read, |socket| socket.recv(buffer))
    }

    /// As [`send_to`](Self::send_to), without waiting, to one address.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and `WouldBlock` if there is no room.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// let other = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_eq!(server.try_send_to(b"hello", other.local_addr()?)?, 5);
    /// assert_eq!(other.recv(&mut [0; 16]).await?, 5);
    /// # drop(client);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_send_to(&self, message: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Write, |socket| socket.send_to(message, target))
    }

    /// As [`recv_from`](Self::recv_from), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](Self::recv_from), and `WouldBlock` if there is no message.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// client.send(b"hello").await?;
    /// server.readable().await?;
    /// let (length, from) = server.try_recv_from(&mut [0; 16])?;
    /// assert_eq!((length, from), (5, client.local_addr()?));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.registration
            .try_io(Direction::Read, |socket| socket.recv_from(buffer))
    }

    /// As [`recv_msg`](Self::recv_msg), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv_msg`](Self::recv_msg), and `WouldBlock` if there is no message.
    pub fn try_recv_msg(&self, buffer: &mut [u8]) -> io::Result<Received<SocketAddr>> {
        self.registration.try_io(Direction::Read, |socket| {
            <Self as Datagram>::recv_msg(socket, buffer)
        })
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
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// use reveille_reactor::Interest;
    ///
    /// client.send(b"hello").await?;
    /// server.readable().await?;
    /// let mut buffer = [std::mem::MaybeUninit::uninit(); 8];
    /// let receive = || socket2::SockRef::from(&server).recv(&mut buffer);
    /// assert_eq!(server.try_io(Interest::READABLE, receive)?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_io<T>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        readiness::try_io(self, interest, operation)
    }

    /// As [`send`](Self::send), for those who write a `poll` function. As for all of these forms: of several tasks
    /// that poll in one direction, the last one is woken.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// use std::future::poll_fn;
    ///
    /// assert_eq!(poll_fn(|cx| client.poll_send(cx, b"hello")).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_send(&self, cx: &mut Context<'_>, message: &[u8]) -> Poll<io::Result<usize>> {
        let location = Location::caller();
        self.registration
            .poll_io(Direction::Write, location, cx, |socket| socket.send(message))
    }

    /// As [`recv`](Self::recv), for those who write a `poll` function.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// use std::future::poll_fn;
    ///
    /// client.send(b"hello").await?;
    /// let mut buffer = [0; 16];
    /// assert_eq!(poll_fn(|cx| server.poll_recv(cx, &mut buffer)).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let location = Location::caller();
        self.registration
            .poll_io(Direction::Read, location, cx, |socket| socket.recv(buffer))
    }

    /// As [`send_to`](Self::send_to) one address, for those who write a `poll` function.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// use std::future::poll_fn;
    ///
    /// let (client, server) = (client.local_addr()?, server);
    /// assert_eq!(poll_fn(|cx| server.poll_send_to(cx, b"hello", client)).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        message: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let location = Location::caller();
        self.registration
            .poll_io(Direction::Write, location, cx, |socket| {
                socket.send_to(message, target)
            })
    }

    /// As [`recv_from`](Self::recv_from), for those who write a `poll` function.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](Self::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// use std::future::poll_fn;
    ///
    /// client.send(b"hello").await?;
    /// let mut buffer = [0; 16];
    /// let (length, from) = poll_fn(|cx| server.poll_recv_from(cx, &mut buffer)).await?;
    /// assert_eq!((length, from), (5, client.local_addr()?));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let location = Location::caller();
        self.registration
            .poll_io(Direction::Read, location, cx, |socket| socket.recv_from(buffer))
    }
}
