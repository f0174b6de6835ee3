//! Receiving a message, and learning whether it was cut off: what systems tell in different ways.

pub(crate) use platform::receive;

#[cfg(unix)]
mod platform {
    use std::io::{self, IoSliceMut};
    use std::net::SocketAddr;

    use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags};

    use crate::datagram::Received;

    pub(crate) fn receive(
        socket: &mio::net::UdpSocket,
        buffer: &mut [u8],
    ) -> io::Result<Received<SocketAddr>> {
        let nothing = &mut RecvAncillaryBuffer::default();
        let buffers = &mut [IoSliceMut::new(buffer)];
        let message = rustix::net::recvmsg(socket, buffers, nothing, RecvFlags::empty())?;
        let from = match message.address {
            Some(address) => address.try_into()?,
            // Some systems leave it out where it can only be the peer's.
            None => socket.peer_addr()?,
        };
        Ok(Received {
            length: message.bytes,
            from,
            truncated: message.flags.contains(ReturnFlags::TRUNC),
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
