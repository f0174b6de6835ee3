//! What differs between systems in TCP: the options that only some have, and what they call an error. Nothing outside
//! this file asks which system it is on.

use std::io;

use socket2::SockRef;

use crate::option_range::octet;
use crate::tcp::keepalive::TcpKeepalive;
use crate::tcp::listener::TcpListener;
use crate::tcp::socket::TcpSocket;
use crate::tcp::stream::TcpStream;
use crate::udp::socket::UdpSocket;

/// Whether a socket that was told to connect has only begun to. `EAGAIN` says on Unix that it has not, for want of a route,
/// and such a socket would be waited for in vain.
pub(crate) fn has_begun_to_connect(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::EINPROGRESS);
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::WouldBlock;
}

/// Systems that know only when to begin to probe are told no more.
pub(crate) fn set_keepalive(socket: SockRef<'_>, keepalive: &TcpKeepalive) -> io::Result<()> {
    let mut parameters = socket2::TcpKeepalive::new();
    if let Some(time) = keepalive.time() {
        parameters = parameters.with_time(time);
    }
    // The systems without `TCP_KEEPINTVL`.
    #[cfg(not(any(
        target_os = "haiku",
        target_os = "openbsd",
        target_os = "redox",
        target_os = "solaris"
    )))]
    if let Some(interval) = keepalive.interval() {
        parameters = parameters.with_interval(interval);
    }
    // The systems without `TCP_KEEPCNT`.
    #[cfg(not(any(
        target_os = "haiku",
        target_os = "openbsd",
        target_os = "redox",
        target_os = "solaris"
    )))]
    if let Some(retries) = keepalive.retries() {
        parameters = parameters.with_retries(retries);
    }
    socket.set_tcp_keepalive(&parameters)
}

/// Windows tells nothing that was set.
pub(crate) fn keepalive(socket: SockRef<'_>) -> io::Result<TcpKeepalive> {
    let keepalive = TcpKeepalive::new();
    // Those that do not tell.
    #[cfg(not(any(windows, target_os = "haiku", target_os = "openbsd")))]
    let keepalive = keepalive.with_time(socket.tcp_keepalive_time()?);
    #[cfg(any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "fuchsia",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_vendor = "apple"
    ))]
    let keepalive = keepalive
        .with_interval(socket.tcp_keepalive_interval()?)
        .with_retries(socket.tcp_keepalive_retries()?);
    let _ = socket;
    Ok(keepalive)
}

#[cfg(all(unix, not(any(target_os = "illumos", target_os = "solaris"))))]
impl TcpSocket {
    /// Whether other sockets may be bound to the same address (`SO_REUSEPORT`): several listeners then share the
    /// connections that come in. Unix only.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn reuseport(&self) -> io::Result<bool> {
        self.sock_ref().reuse_port()
    }

    /// Sets [`reuseport`](Self::reuseport), on each of the sockets, before it is bound. On Linux all of them must be the same
    /// user's, and connections are spread evenly; on macOS and the BSDs the last one gets them all.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use reveille_net::{TcpListener, TcpSocket};
    ///
    /// fn shared(address: SocketAddr) -> std::io::Result<TcpListener> {
    ///     let socket = TcpSocket::new_v4()?;
    ///     socket.set_reuseport(true)?;
    ///     socket.bind(address)?;
    ///     socket.listen(1024)
    /// }
    ///
    /// let first = shared("127.0.0.1:0".parse().unwrap())?;
    /// let second = shared(first.local_addr()?)?;
    /// assert_eq!(first.local_addr()?, second.local_addr()?);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        self.sock_ref().set_reuse_port(reuseport)
    }
}

/// A name that a system would cut at a zero byte is that of another device.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
fn without_zero(device: &[u8]) -> io::Result<()> {
    if device.contains(&0) {
        let text = format!(
            "no device has a zero byte in its name: `{}`",
            device.escape_ascii()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

/// Options of all three types.
macro_rules! options {
    ($type:ident) => {
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        impl $type {
            /// The device, a network interface, that this socket is bound to (`SO_BINDTODEVICE`), if any. Linux only.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
                self.sock_ref().device()
            }

            /// Binds this socket to a device, such as `Some(b"eth0")`: it receives from that only, and sends by way of
            /// it. `None` undoes that. Linux only.
            ///
            /// # Errors
            ///
            /// The system's: older kernels ask for the right to do so (`CAP_NET_RAW`).
            /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a name with a zero byte, at which the system would cut it.
            pub fn bind_device(&self, device: Option<&[u8]>) -> io::Result<()> {
                if let Some(name) = device {
                    without_zero(name)?;
                }
                self.sock_ref().bind_device(device)
            }
        }

        // The systems for which socket2 has no `IP_TOS`.
        #[cfg(not(any(
            target_os = "fuchsia",
            target_os = "haiku",
            target_os = "redox",
            target_os = "solaris"
        )))]
        impl $type {
            /// The type of service in the packets of IPv4 (`IP_TOS`): with which priority they are to be forwarded.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn tos_v4(&self) -> io::Result<u32> {
                self.sock_ref().tos_v4()
            }

            /// Sets [`tos_v4`](Self::tos_v4). Not every Windows supports that.
            ///
            /// # Errors
            ///
            /// The system's, and [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
            pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
                self.sock_ref().set_tos_v4(octet(tos, "type of service")?)
            }
        }

        #[cfg(any(
            target_os = "android",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "fuchsia",
            target_os = "linux",
            target_os = "macos",
            target_os = "netbsd",
            target_os = "openbsd"
        ))]
        impl $type {
            /// The traffic class in the packets of IPv6 (`IPV6_TCLASS`): what [`tos_v4`](Self::tos_v4) is to IPv4.
            ///
            /// # Errors
            ///
            /// The system's: an IPv4 socket has none.
            pub fn tclass_v6(&self) -> io::Result<u32> {
                self.sock_ref().tclass_v6()
            }

            /// Sets [`tclass_v6`](Self::tclass_v6).
            ///
            /// # Errors
            ///
            /// The system's: an IPv4 socket has none. [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
            pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
                self.sock_ref()
                    .set_tclass_v6(octet(tclass, "traffic class")?)
            }
        }
    };
}

options!(TcpSocket);
options!(TcpStream);
options!(TcpListener);
// These are options of IP.
options!(UdpSocket);

#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
impl TcpStream {
    /// Whether what comes from the peer is acknowledged at once (`TCP_QUICKACK`) instead of with the next answer. Linux
    /// only.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn quickack(&self) -> io::Result<bool> {
        self.sock_ref().tcp_quickack()
    }

    /// Sets [`quickack`](Self::quickack). It does not last: the system goes on to decide for itself, so this is repeated
    /// after each read by those who need it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        self.sock_ref().set_tcp_quickack(quickack)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_could_not_begin_to_connect_is_not_waited_for() {
        let said = io::Error::from_raw_os_error;
        assert!(has_begun_to_connect(&said(libc::EINPROGRESS)));
        assert!(!has_begun_to_connect(&said(libc::EAGAIN)));
    }
}
