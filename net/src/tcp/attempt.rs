//! A socket that has begun to connect.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Registration};

use crate::tcp::platform;
use crate::tcp::stream::TcpStream;

/// Dropping it closes the socket.
pub(crate) struct Attempt {
    address: SocketAddr,
    socket: Registration<mio::net::TcpStream>,
}

impl Attempt {
    pub(crate) fn begin(address: SocketAddr) -> io::Result<Self> {
        let socket = mio::net::TcpStream::connect(address).and_then(Registration::connecting)?;
        Ok(Self {
            address,
            socket: socket.without_duplicates(),
        })
    }

    /// With a socket that has been made already.
    pub(crate) fn begin_with(socket: socket2::Socket, address: SocketAddr) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Err(error) if !platform::has_begun_to_connect(&error) => return Err(error),
            _ => {}
        }
        let socket = mio::net::TcpStream::from_std(net::TcpStream::from(socket));
        let socket = Registration::connecting(socket)?;
        Ok(Self { address, socket })
    }

    /// To whom.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ready when the socket is connected, or has failed.
    pub(crate) fn poll(
        &self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<()>> {
        self.socket.poll_io(Direction::Write, location, cx, connected)
    }

    /// The connection, when [`poll`](Self::poll) has said that it is one.
    pub(crate) fn into_stream(self) -> TcpStream {
        TcpStream::registered(self.socket)
    }
}

/// Whether the socket, which was reported to be writable, is connected. One that has failed is reported too, and
/// another may be before it is either.
fn connected(socket: &mio::net::TcpStream) -> io::Result<()> {
    // First: on some systems one that has failed has no peer's address, and that is then the less clear error.
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attempt").field(&self.address).finish()
    }
}
