//! Addresses, as those who take them want them.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use socket2::SockAddr;

use crate::sys::message::{Name, UnixName};

/// That of a path; on Linux that of an abstract name, if it begins with a zero byte.
pub(crate) fn from_path(path: &Path) -> io::Result<SocketAddr> {
    match path.as_os_str().as_bytes() {
        [0, name @ ..] => abstract_name::parse(name),
        _ => SocketAddr::from_pathname(path),
    }
}

/// As socket2 wants it.
pub(crate) fn to_socket2(address: &SocketAddr) -> io::Result<SockAddr> {
    if let Some(path) = address.as_pathname() {
        return SockAddr::unix(path);
    }
    let Some(name) = abstract_name::of(address) else {
        let text = "the address has neither a path nor a name, so nobody can be there";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    };
    let mut bytes = vec![0];
    bytes.extend_from_slice(name);
    SockAddr::unix(OsStr::from_bytes(&bytes))
}

/// As the system writes it beside a message.
pub(crate) fn from_name(name: &Name) -> io::Result<SocketAddr> {
    match name.unix() {
        // One that fills its field to the last byte is more than std takes: the message is not to be lost for that.
        UnixName::Path(path) => SocketAddr::from_pathname(OsStr::from_bytes(path)).or_else(|_| nobody()),
        #[cfg(any(target_os = "android", target_os = "linux"))]
        UnixName::Abstract(name) => abstract_name::parse(name),
        UnixName::Nobody => nobody(),
    }
}

fn nobody() -> io::Result<SocketAddr> {
    SocketAddr::from_pathname("")
}

#[cfg(any(target_os = "android", target_os = "linux"))]
mod abstract_name {
    use std::io;
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt as _;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;

    pub(super) fn parse(name: &[u8]) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(name)
    }

    pub(super) fn of(address: &SocketAddr) -> Option<&[u8]> {
        address.as_abstract_name()
    }
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
mod abstract_name {
    use std::io;
    use std::os::unix::net::SocketAddr;

    pub(super) fn parse(_: &[u8]) -> io::Result<SocketAddr> {
        let text = "a path does not begin with a zero byte: this system has no abstract names for sockets";
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }

    pub(super) fn of(_: &SocketAddr) -> Option<&[u8]> {
        None
    }
}
