//! Receiving a message, and learning whether it was cut off: what systems tell in different ways.

pub(crate) use platform::receive;

#[cfg(unix)]
mod platform {
    use std::io;
    use std::net::SocketAddr;
    use std::os::fd::AsFd;

    use crate::datagram::Received;
    use crate::sys::message;

    pub(crate) fn receive(
        socket: &mio::net::UdpSocket,
        buffer: &mut [u8],
    ) -> io::Result<Received<SocketAddr>> {
        let message = message::receive(socket.as_fd(), buffer, 0)?;
        let from = match message.from.internet() {
            Some(address) => address,
            // Some systems leave it out where it can only be the peer's.
            None => socket.peer_addr()?,
        };
        Ok(Received {
            length: message.length,
            from,
            truncated: message.truncated,
        })
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;
    use std::net::SocketAddr;

    use crate::datagram::Received;

    /// A message that was cut off is an error here, whatever it is received with.
    pub(crate) fn receive(
        socket: &mio::net::UdpSocket,
        buffer: &mut [u8],
    ) -> io::Result<Received<SocketAddr>> {
        let (length, from) = socket.recv_from(buffer)?;
        Ok(Received {
            length,
            from,
            truncated: false,
        })
    }
}
