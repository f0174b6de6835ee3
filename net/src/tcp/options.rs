//! The options that every system has, of sockets, connections and listeners alike; the others are in `platform`.

use std::io;
use std::time::Duration;

use crate::option_range::{bytes, lingering, octet};
use crate::tcp::keepalive::TcpKeepalive;
use crate::tcp::listener::TcpListener;
use crate::tcp::platform;
use crate::tcp::socket::TcpSocket;
use crate::tcp::stream::TcpStream;

macro_rules! options {
    ($type:ident) => {
        impl $type {
            /// Whether each write is sent at once (`TCP_NODELAY`), instead of being held back for more while something
            /// is unacknowledged. It is off when a socket is made.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn nodelay(&self) -> io::Result<bool> {
                self.sock_ref().tcp_nodelay()
            }

            /// Sets [`nodelay`](Self::nodelay).
            ///
            /// # Errors
            ///
            /// The system's.
            ///
            /// # Examples
            ///
            /// ```
            /// use reveille_net::{TcpListener, TcpStream};
            ///
            /// # fn main() -> std::io::Result<()> {
            /// pollster::block_on(async {
            ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
            ///     let stream = TcpStream::connect(listener.local_addr()?).await?;
            ///     stream.set_nodelay(true)?;
            ///     assert!(stream.nodelay()?);
            ///     Ok(())
            /// })
            /// # }
            /// ```
            pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
                self.sock_ref().set_tcp_nodelay(nodelay)
            }

            /// Whether the peer is probed while nothing is sent (`SO_KEEPALIVE`).
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn keepalive(&self) -> io::Result<bool> {
                self.sock_ref().keepalive()
            }

            /// Sets [`keepalive`](Self::keepalive). When the system probes is told by
            /// [`set_tcp_keepalive`](Self::set_tcp_keepalive), which sets this too.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
                self.sock_ref().set_keepalive(keepalive)
            }

            /// When and how often the peer is probed, if it is ([`keepalive`](Self::keepalive)); what the system does not
            /// tell is left out.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn tcp_keepalive(&self) -> io::Result<TcpKeepalive> {
                platform::keepalive(self.sock_ref())
            }

            /// Has the peer probed while nothing is sent, so that one that has vanished is noticed.
            ///
            /// # Errors
            ///
            /// The system's: for one, on Linux, if a value is zero or more than it can count to. What was set before the
            /// value that is refused stays so: that the peer is probed, then its time, its interval, its number.
            ///
            /// # Examples
            ///
            /// [`TcpKeepalive`] has one.
            pub fn set_tcp_keepalive(&self, keepalive: &TcpKeepalive) -> io::Result<()> {
                platform::set_keepalive(self.sock_ref(), keepalive)
            }

            /// How long closing waits for what is not sent yet (`SO_LINGER`), in whole seconds; `None`: it does not
            /// wait, and the system goes on sending.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn linger(&self) -> io::Result<Option<Duration>> {
                self.sock_ref().linger()
            }

            /// Sets [`linger`](Self::linger). With `Some(Duration::ZERO)` closing resets the connection; with any other
            /// duration, which is rounded up to whole seconds, it may block the thread for that long.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
                self.sock_ref().set_linger(linger.map(lingering))
            }

            /// Has closing reset the connection, and drop what is not sent yet: [`set_linger`](Self::set_linger) of zero,
            /// which never blocks.
            ///
            /// # Errors
            ///
            /// The system's.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            ///
            /// use reveille_net::{TcpListener, TcpStream};
            ///
            /// # fn main() -> std::io::Result<()> {
            /// pollster::block_on(async {
            ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
            ///     let client = TcpStream::connect(listener.local_addr()?).await?;
            ///     let (server, _) = listener.accept().await?;
            ///     server.set_zero_linger()?;
            ///     drop(server);
            ///     let reset = client.read(&mut [0; 8]).await.unwrap_err();
            ///     assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
            ///     Ok(())
            /// })
            /// # }
            /// ```
            pub fn set_zero_linger(&self) -> io::Result<()> {
                self.set_linger(Some(Duration::ZERO))
            }

            /// How many bytes the system buffers of what is sent (`SO_SNDBUF`).
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn send_buffer_size(&self) -> io::Result<u32> {
                self.sock_ref().send_buffer_size().map(saturate)
            }

            /// Sets [`send_buffer_size`](Self::send_buffer_size), and ends the system's own adjusting of it. The system may
            /// choose another size: Linux doubles it, to have room for its own needs, and has a limit.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
                self.sock_ref().set_send_buffer_size(bytes(size))
            }

            /// How many bytes the system buffers of what is received (`SO_RCVBUF`).
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn recv_buffer_size(&self) -> io::Result<u32> {
                self.sock_ref().recv_buffer_size().map(saturate)
            }

            /// Sets [`recv_buffer_size`](Self::recv_buffer_size), as
            /// [`set_send_buffer_size`](Self::set_send_buffer_size) does. For a window of more than 64 KiB this comes
            /// before connecting or listening.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
                self.sock_ref().set_recv_buffer_size(bytes(size))
            }

            /// The time to live of the packets of IPv4, in hops (`IP_TTL`).
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn ttl(&self) -> io::Result<u32> {
                self.sock_ref().ttl_v4()
            }

            /// Sets [`ttl`](Self::ttl).
            ///
            /// # Errors
            ///
            /// The system's, and [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
            pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
                self.sock_ref().set_ttl_v4(octet(ttl, "time to live")?)
            }

            /// What [`ttl`](Self::ttl) is to IPv4, for IPv6 (`IPV6_UNICAST_HOPS`).
            ///
            /// # Errors
            ///
            /// The system's: an IPv4 socket has none.
            pub fn unicast_hops_v6(&self) -> io::Result<u32> {
                self.sock_ref().unicast_hops_v6()
            }

            /// Sets [`unicast_hops_v6`](Self::unicast_hops_v6).
            ///
            /// # Errors
            ///
            /// The system's: an IPv4 socket has none. [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
            pub fn set_unicast_hops_v6(&self, hops: u32) -> io::Result<()> {
                self.sock_ref()
                    .set_unicast_hops_v6(octet(hops, "number of hops")?)
            }

            /// Whether an IPv6 socket refuses IPv4, which it takes for addresses such as `::ffff:192.0.2.1` otherwise
            /// (`IPV6_V6ONLY`).
            ///
            /// # Errors
            ///
            /// The system's: an IPv4 socket has no such option.
            pub fn only_v6(&self) -> io::Result<bool> {
                self.sock_ref().only_v6()
            }

            /// The error that waits on the socket (`SO_ERROR`), which is cleared by that.
            ///
            /// # Errors
            ///
            /// The system's, when it cannot be asked.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.sock_ref().take_error()
            }
        }
    };
}

options!(TcpSocket);
options!(TcpStream);
options!(TcpListener);

impl TcpSocket {
    /// Whether an address can be bound to while connections of an earlier socket linger on it (`SO_REUSEADDR`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.sock_ref().reuse_address()
    }

    /// Sets [`reuseaddr`](Self::reuseaddr), before it is bound. On Unix a server sets it, to be restarted at once,
    /// as [`TcpListener::bind`] does. On Windows it lets others take an address away that is in use, so do not.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_reuseaddr(&self, reuseaddr: bool) -> io::Result<()> {
        self.sock_ref().set_reuse_address(reuseaddr)
    }

    /// Sets [`only_v6`](Self::only_v6), before it is bound. What it is when a socket is made depends on the system.
    ///
    /// # Errors
    ///
    /// The system's: an IPv4 socket has no such option.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::TcpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let Ok(_) = std::net::TcpListener::bind("[::1]:0") else { return Ok(()) };
    /// let socket = TcpSocket::new_v6()?;
    /// // The same port of IPv4 can be another socket's.
    /// socket.set_only_v6(true)?;
    /// assert!(socket.only_v6()?);
    /// socket.bind("[::]:0".parse().unwrap())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_only_v6(&self, only_v6: bool) -> io::Result<()> {
        self.sock_ref().set_only_v6(only_v6)
    }
}

fn saturate(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
