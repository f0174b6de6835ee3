//! A UDP socket: how it is made, and what it sends and receives.

use std::io;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Interest, Registration};

use crate::bind::{Bind, Bound};
use crate::datagram::{PeekFrom, Recv, RecvFrom, Send};
use crate::descriptor;
use crate::readiness::{self, Readable, Readiness, Writable};
use crate::socket::{Datagram, Socket};
use crate::to_socket_addrs::ToSocketAddrs;
use crate::transfer::Peek;
use crate::udp::connect::ConnectDatagram;
use crate::udp::send_to::SendTo;

/// A UDP socket: messages to and from anybody, or one peer after [`connect`](Self::connect).
///
/// Its methods take `&self`, so that one task may receive while another one sends. A message that does not fit into
/// the buffer is cut off.
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
///     client.send(b"ping").await?;
///
///     let mut buffer = [0; 16];
///     let (length, from) = server.recv_from(&mut buffer).await?;
///     server.send_to(&buffer[..length], from).await?;
///     assert_eq!(client.recv(&mut buffer).await?, 4);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    pub(crate) registration: Registration<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// A socket with the first of the addresses that can be had. Port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// If no address can be had: that of the last one, with all of them in its text if there are several.
    ///
    /// # Cancel safety
    ///
    /// Safe: there is no socket before this is ready.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> Bind<Self> {
        Bind::new(addr)
    }

    /// Takes over a socket of std, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then the socket is closed.
    pub fn from_std(socket: net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::new(mio::net::UdpSocket::from_std(socket))
    }

    /// The socket as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of taking it out of the reactor.
    pub fn into_std(self) -> io::Result<net::UdpSocket> {
        self.registration.into_inner().map(descriptor::into_std)
    }

    /// Makes the first of the addresses for which that works the peer: what [`send`](Self::send) sends goes there, and
    /// only what comes from there is received.
    ///
    /// # Errors
    ///
    /// If it works for no address: that of the last one, with all of them in its text if there are several.
    ///
    /// # Cancel safety
    ///
    /// Safe: the socket has the peer that it had, until this is ready.
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> ConnectDatagram<'_> {
        ConnectDatagram::new(self, addr)
    }

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
    #[track_caller]
    pub fn recv_from<'a>(&'a self, buffer: &'a mut [u8]) -> RecvFrom<'a, Self> {
        RecvFrom::new(self, buffer)
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
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> Readiness<'_, Self> {
        Readiness::new(self, interest)
    }

    /// As [`send`](Self::send), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and `WouldBlock` if there is no room.
    pub fn try_send(&self, message: &[u8]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Write, |socket| socket.send(message))
    }

    /// As [`recv`](Self::recv), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and `WouldBlock` if there is no message.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Read, |socket| socket.recv(buffer))
    }

    /// As [`send_to`](Self::send_to), without waiting, to one address.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and `WouldBlock` if there is no room.
    pub fn try_send_to(&self, message: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.registration
            .try_io(Direction::Write, |socket| socket.send_to(message, target))
    }

    /// As [`recv_from`](Self::recv_from), without waiting.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](Self::recv_from), and `WouldBlock` if there is no message.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.registration
            .try_io(Direction::Read, |socket| socket.recv_from(buffer))
    }

    /// Calls `operation`, which does something with this socket that has no method here, once and without waiting.
    ///
    /// It must return `WouldBlock` if and only if the socket did: that is how one comes to know that there is
    /// something to wait for.
    ///
    /// # Errors
    ///
    /// The operation's; `WouldBlock` without having called it when nothing of `interest` is ready.
    pub fn try_io<T>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        readiness::try_io(self, interest, operation)
    }

    /// As [`send`](Self::send), for those who write a `poll` function. As for all of these forms: of several tasks
    /// that poll in one direction, the last one is woken.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
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

    fn new(socket: mio::net::UdpSocket) -> io::Result<Self> {
        let registration = Registration::new(socket)?;
        Ok(Self { registration })
    }
}

impl Bound for UdpSocket {
    fn bound(address: SocketAddr) -> io::Result<Self> {
        Self::new(mio::net::UdpSocket::bind(address)?)
    }
}

impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    fn try_from(socket: net::UdpSocket) -> io::Result<Self> {
        Self::from_std(socket)
    }
}

impl Socket for UdpSocket {
    type Source = mio::net::UdpSocket;

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        source.try_io(operation)
    }

    fn peek(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize> {
        source.peek(buffer)
    }
}

impl Datagram for UdpSocket {
    type Address = SocketAddr;

    fn recv(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize> {
        source.recv(buffer)
    }

    fn recv_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        source.recv_from(buffer)
    }

    fn peek_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        source.peek_from(buffer)
    }

    fn send(source: &Self::Source, message: &[u8]) -> io::Result<usize> {
        source.send(message)
    }
}
