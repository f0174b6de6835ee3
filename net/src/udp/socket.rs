//! A UDP socket: how it is made.

use std::io;
use std::net::{self, SocketAddr};

use reveille_reactor::Registration;

use crate::bind::{Bind, Bound};
use crate::datagram::Received;
use crate::descriptor;
use crate::socket::{Datagram, Peeking, Socket};
use crate::to_socket_addrs::ToSocketAddrs;
use crate::udp::connect::ConnectDatagram;
use crate::udp::received;

/// A UDP socket: messages to and from anybody, or one peer after [`connect`](Self::connect).
///
/// Its methods take `&self`, so that one task may receive while another one sends. A message that does not fit into
/// the buffer is cut off; [`recv_msg`](Self::recv_msg) tells.
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
///
/// # Many messages in one system call
///
/// Batch receive and segmented send are not built in: the `quinn-udp` crate has them for every system that does, over any
/// socket. Call its `UdpSocketState` inside [`async_io`](Self::async_io), as `tests/udp_batches.rs` of this crate does.
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
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let socket = UdpSocket::bind(("localhost", 0)).await?;
    ///     assert!(socket.local_addr()?.ip().is_loopback());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> Bind<Self> {
        Bind::new(addr)
    }

    /// Takes over a socket of std, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let socket = UdpSocket::from_std(std::net::UdpSocket::bind("127.0.0.1:0")?)?;
    /// assert!(socket.try_recv(&mut [0; 8]).is_err(), "it does not block");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(socket: net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::new(mio::net::UdpSocket::from_std(socket))
    }

    /// The socket as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of taking it out of the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let socket = pollster::block_on(UdpSocket::bind("127.0.0.1:0"))?.into_std()?;
    /// socket.set_nonblocking(false)?;
    /// # Ok(())
    /// # }
    /// ```
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
    ///     assert_eq!(client.peer_addr()?, server.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> ConnectDatagram<'_> {
        ConnectDatagram::new(self, addr)
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
}

impl Peeking for UdpSocket {
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

    fn recv_msg(source: &Self::Source, buffer: &mut [u8]) -> io::Result<Received<SocketAddr>> {
        received::receive(source, buffer)
    }

    fn peek_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        source.peek_from(buffer)
    }

    fn send(source: &Self::Source, message: &[u8]) -> io::Result<usize> {
        source.send(message)
    }
}
