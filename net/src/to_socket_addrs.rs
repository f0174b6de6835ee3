//! What can be turned into addresses.

use std::iter::FusedIterator;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::{io, option, vec};

use crate::resolve::Resolve;

/// What [`TcpStream::connect`](crate::TcpStream::connect), [`TcpListener::bind`](crate::TcpListener::bind),
/// [`lookup_host`](crate::lookup_host) and others take for addresses.
///
/// * Addresses: [`SocketAddr`] and its two forms, `(IpAddr, u16)` and its two forms, slices, arrays and `Vec`s of
///   [`SocketAddr`]. They are taken as they are.
/// * Strings `"host:port"`, and `("host", port)`: if the host is an address, `"127.0.0.1:80"` or `"[::1]:80"`, it is
///   taken as it is, else it is looked up.
///
/// As in tokio, this is implemented here only.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::net::{IpAddr, Ipv4Addr, SocketAddr};
///
/// use reveille_net::lookup_host;
///
/// let address = SocketAddr::from(([127, 0, 0, 1], 80));
/// for mut addresses in [
///     lookup_host(address).await?,
///     lookup_host("127.0.0.1:80").await?,
///     lookup_host(("127.0.0.1", 80)).await?,
///     lookup_host((IpAddr::from(Ipv4Addr::LOCALHOST), 80)).await?,
///     lookup_host(&[address][..]).await?,
/// ] {
///     assert_eq!(addresses.next(), Some(address));
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait ToSocketAddrs: sealed::ToSocketAddrs {}

pub(crate) mod sealed {
    use super::Resolve;

    pub trait ToSocketAddrs {
        /// The addresses, or how to get them. It looks nothing up and keeps nothing borrowed.
        fn resolve(&self) -> Resolve;
    }
}

/// Addresses, in the order in which they are to be tried; what [`lookup_host`](crate::lookup_host) finds.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// let addresses = reveille_net::lookup_host("127.0.0.1:80").await?;
/// let addresses: Vec<_> = addresses.collect();
/// assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SocketAddrs(Inner);

/// One address, the usual case, needs no allocation.
#[derive(Clone, Debug)]
enum Inner {
    One(option::IntoIter<SocketAddr>),
    Many(vec::IntoIter<SocketAddr>),
}

impl SocketAddrs {
    pub(crate) fn one(address: SocketAddr) -> Self {
        Self(Inner::One(Some(address).into_iter()))
    }

    pub(crate) fn many(addresses: Vec<SocketAddr>) -> Self {
        Self(Inner::Many(addresses.into_iter()))
    }
}

impl Iterator for SocketAddrs {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match &mut self.0 {
            Inner::One(addresses) => addresses.next(),
            Inner::Many(addresses) => addresses.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Inner::One(addresses) => addresses.size_hint(),
            Inner::Many(addresses) => addresses.size_hint(),
        }
    }
}

impl ExactSizeIterator for SocketAddrs {}
impl FusedIterator for SocketAddrs {}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: ToSocketAddrs + ?Sized> sealed::ToSocketAddrs for &T {
    fn resolve(&self) -> Resolve {
        (**self).resolve()
    }
}

impl ToSocketAddrs for SocketAddr {}

impl sealed::ToSocketAddrs for SocketAddr {
    fn resolve(&self) -> Resolve {
        Resolve::known(SocketAddrs::one(*self))
    }
}

impl ToSocketAddrs for SocketAddrV4 {}

impl sealed::ToSocketAddrs for SocketAddrV4 {
    fn resolve(&self) -> Resolve {
        SocketAddr::from(*self).resolve()
    }
}

impl ToSocketAddrs for SocketAddrV6 {}

impl sealed::ToSocketAddrs for SocketAddrV6 {
    fn resolve(&self) -> Resolve {
        SocketAddr::from(*self).resolve()
    }
}

impl ToSocketAddrs for (IpAddr, u16) {}

impl sealed::ToSocketAddrs for (IpAddr, u16) {
    fn resolve(&self) -> Resolve {
        SocketAddr::from(*self).resolve()
    }
}

impl ToSocketAddrs for (Ipv4Addr, u16) {}

impl sealed::ToSocketAddrs for (Ipv4Addr, u16) {
    fn resolve(&self) -> Resolve {
        SocketAddr::from(*self).resolve()
    }
}

impl ToSocketAddrs for (Ipv6Addr, u16) {}

impl sealed::ToSocketAddrs for (Ipv6Addr, u16) {
    fn resolve(&self) -> Resolve {
        SocketAddr::from(*self).resolve()
    }
}

impl ToSocketAddrs for [SocketAddr] {}

impl sealed::ToSocketAddrs for [SocketAddr] {
    fn resolve(&self) -> Resolve {
        Resolve::known(SocketAddrs::many(self.to_vec()))
    }
}

impl<const N: usize> ToSocketAddrs for [SocketAddr; N] {}

impl<const N: usize> sealed::ToSocketAddrs for [SocketAddr; N] {
    fn resolve(&self) -> Resolve {
        self.as_slice().resolve()
    }
}

impl ToSocketAddrs for Vec<SocketAddr> {}

impl sealed::ToSocketAddrs for Vec<SocketAddr> {
    fn resolve(&self) -> Resolve {
        self.as_slice().resolve()
    }
}

impl ToSocketAddrs for str {}

impl sealed::ToSocketAddrs for str {
    fn resolve(&self) -> Resolve {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return address.resolve();
        }
        let Some((host, port)) = self.rsplit_once(':') else {
            return invalid(format!(
                "`{self}` is no socket address: there is no port; write `{self}:80`, say"
            ));
        };
        match port.parse() {
            Ok(_) if host.is_empty() || host.contains([':', '[', ']']) => invalid(format!(
                "`{self}` is no socket address: `{host}` is no host; an IPv6 address stands in brackets, as in `[::1]:80`"
            )),
            Ok(port) => Resolve::name(host, port),
            Err(_) => invalid(format!(
                "`{self}` is no socket address: `{port}` is no port, which is a number up to 65535"
            )),
        }
    }
}

impl ToSocketAddrs for String {}

impl sealed::ToSocketAddrs for String {
    fn resolve(&self) -> Resolve {
        self.as_str().resolve()
    }
}

impl ToSocketAddrs for (&str, u16) {}

impl sealed::ToSocketAddrs for (&str, u16) {
    fn resolve(&self) -> Resolve {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(address) => (address, port).resolve(),
            Err(_) => Resolve::name(host, port),
        }
    }
}

impl ToSocketAddrs for (String, u16) {}

impl sealed::ToSocketAddrs for (String, u16) {
    fn resolve(&self) -> Resolve {
        (self.0.as_str(), self.1).resolve()
    }
}

fn invalid(text: String) -> Resolve {
    Resolve::failed(io::Error::new(io::ErrorKind::InvalidInput, text))
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Without waiting: what this resolves to in its first poll, on this thread.
    fn at_once(addresses: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
        let cx = &mut Context::from_waker(Waker::noop());
        match addresses.resolve().poll(cx, Location::caller()) {
            Poll::Ready(outcome) => outcome.map(Iterator::collect),
            Poll::Pending => panic!("it was looked up"),
        }
    }

    #[test]
    fn addresses_are_never_looked_up() {
        let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let v6: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!(at_once("127.0.0.1:80").unwrap(), [v4]);
        assert_eq!(at_once("[::1]:80".to_owned()).unwrap(), [v6]);
        assert_eq!(at_once(("127.0.0.1", 80)).unwrap(), [v4]);
        assert_eq!(at_once(("::1".to_owned(), 80)).unwrap(), [v6]);
        assert_eq!(at_once((Ipv4Addr::LOCALHOST, 80)).unwrap(), [v4]);
        let borrowed = &(Ipv4Addr::LOCALHOST, 80);
        assert_eq!(at_once(borrowed).unwrap(), [v4]);
        assert_eq!(at_once((Ipv6Addr::LOCALHOST, 80)).unwrap(), [v6]);
        assert_eq!(at_once((v6.ip(), 80)).unwrap(), [v6]);
        assert_eq!(at_once(v4).unwrap(), [v4]);
        assert_eq!(at_once(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)).unwrap(), [v4]);
        assert_eq!(
            at_once(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0)).unwrap(),
            [v6]
        );
        assert_eq!(at_once(&[v4, v6][..]).unwrap(), [v4, v6]);
        assert_eq!(at_once([v4, v6]).unwrap(), [v4, v6]);
        assert_eq!(at_once(vec![v6, v4]).unwrap(), [v6, v4]);
        assert_eq!(at_once(&[][..]).unwrap(), []);
    }

    #[test]
    fn strings_that_cannot_be_addresses_are_errors_that_say_why() {
        for (text, why) in [
            ("localhost", "there is no port"),
            ("localhost:http", "`http` is no port"),
            ("localhost:65536", "`65536` is no port"),
            ("", "there is no port"),
        ] {
            let error = at_once(text).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
