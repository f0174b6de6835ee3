//! The options of a UDP socket.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::option_range::octet;
use crate::udp::socket::UdpSocket;

impl UdpSocket {
    /// The address on this side.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let socket = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_ne!(socket.local_addr()?.port(), 0, "the system has chosen one");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().local_addr()
    }

    /// The peer that [`connect`](Self::connect) chose.
    ///
    /// # Errors
    ///
    /// The system's: `NotConnected` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let server = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// # client.connect(server.local_addr()?).await?;
    /// assert_eq!(client.peer_addr()?, server.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.registration.get_ref().peer_addr()
    }

    /// Whether messages may go to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.registration.get_ref().broadcast()
    }

    /// Sets [`broadcast`](Self::broadcast).
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let socket = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.registration.get_ref().set_broadcast(on)
    }

    /// The time to live of the packets, in hops.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.registration.get_ref().ttl()
    }

    /// Sets [`ttl`](Self::ttl).
    ///
    /// # Errors
    ///
    /// The system's, and [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let socket = reveille_net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_ttl(1)?;
    /// assert_eq!(socket.ttl()?, 1, "no further than this network");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.registration.get_ref().set_ttl(octet(ttl, "time to live")?)
    }

    /// Whether this host receives what it sends to IPv4 groups that it is in itself.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.registration.get_ref().multicast_loop_v4()
    }

    /// Sets [`multicast_loop_v4`](Self::multicast_loop_v4).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.registration.get_ref().set_multicast_loop_v4(on)
    }

    /// The time to live of packets to IPv4 groups, in hops; 1 keeps them in the local network.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.registration.get_ref().multicast_ttl_v4()
    }

    /// Sets [`multicast_ttl_v4`](Self::multicast_ttl_v4).
    ///
    /// # Errors
    ///
    /// The system's, and [`InvalidInput`](io::ErrorKind::InvalidInput) above 255.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.registration
            .get_ref()
            .set_multicast_ttl_v4(octet(ttl, "time to live")?)
    }

    /// Whether this host receives what it sends to IPv6 groups that it is in itself.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.registration.get_ref().multicast_loop_v6()
    }

    /// Sets [`multicast_loop_v6`](Self::multicast_loop_v6).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.registration.get_ref().set_multicast_loop_v6(on)
    }

    /// Receives what is sent to `group` too, through the interface that has the address `interface`
    /// ([`Ipv4Addr::UNSPECIFIED`]: the system chooses one).
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// use reveille_net::UdpSocket;
    ///
    /// # pollster::block_on(async {
    /// let socket = UdpSocket::bind("0.0.0.0:0").await?;
    /// let (group, interface) = (Ipv4Addr::new(224, 0, 0, 251), Ipv4Addr::LOCALHOST);
    /// socket.join_multicast_v4(group, interface)?;
    /// socket.leave_multicast_v4(group, interface)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.registration.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Undoes [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.registration.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to `group` too, through the interface with the number `interface` (0: the system chooses
    /// one).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.registration.get_ref().join_multicast_v6(group, interface)
    }

    /// Undoes [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.registration.get_ref().leave_multicast_v6(group, interface)
    }

    /// The error that waits on the socket (`SO_ERROR`), which is cleared by that.
    ///
    /// # Errors
    ///
    /// The system's, when it cannot be asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.registration.get_ref().take_error()
    }
}
