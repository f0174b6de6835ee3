//! What the system says of a descriptor that is somebody else's.
//!
//! **Rule P (peek):** the number may be nobody's by now, or another one's. So nothing is done with it but to ask, by calls that
//! change nothing, and what they say is for people to read.
#![allow(unsafe_code)]

use std::io;
use std::mem;

use socket2::{SockAddr, Type};

use crate::seen_socket::{Kind, SeenSocket};

/// What has that number, as far as the system says.
pub(crate) fn look(number: i32) -> SeenSocket {
    let kind = match option(number, libc::SO_TYPE) {
        Some(value) if Type::from(value) == Type::STREAM => Kind::Stream,
        Some(value) if Type::from(value) == Type::DGRAM => Kind::Datagram,
        _ => Kind::Other,
    };
    let kind = match kind {
        // Any value but zero: on FreeBSD it is the bit itself.
        Kind::Stream if option(number, libc::SO_ACCEPTCONN).is_some_and(|value| value != 0) => Kind::Listener,
        kind => kind,
    };
    let ask = |call| match kind {
        Kind::Other => None,
        _ => address(number, call),
    };
    let (local, peer) = (ask(libc::getsockname), ask(libc::getpeername));
    SeenSocket {
        number,
        kind,
        local: local.flatten(),
        is_connected: peer.is_some(),
        peer: peer.flatten(),
    }
}

fn option(number: i32, name: libc::c_int) -> Option<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = mem::size_of_val(&value) as libc::socklen_t;
    // SAFETY: rule P; the pointers are those of local variables, and `length` says how much room there is.
    let outcome = unsafe {
        libc::getsockopt(
            number,
            libc::SOL_SOCKET,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    (outcome == 0).then_some(value)
}

type Ask = unsafe extern "C" fn(libc::c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> libc::c_int;

/// `None` if it has none; within that `None` if it cannot be shown.
fn address(number: i32, ask: Ask) -> Option<Option<String>> {
    let room = mem::size_of::<libc::sockaddr_storage>();
    // SAFETY: rule P; what the system writes into the storage is an address of the length that it says, and that is within the
    // storage: Apple's tells what a longer one would have needed.
    let asked = unsafe {
        SockAddr::try_init(|storage, length| match ask(number, storage.cast(), length) {
            0 if *length as usize <= room => Ok(()),
            0 => Err(io::ErrorKind::InvalidData.into()),
            _ => Err(io::Error::last_os_error()),
        })
    };
    match asked {
        Err(error) => (error.kind() == io::ErrorKind::InvalidData).then_some(None),
        Ok(((), address)) => Some(match (address.as_socket(), address.as_pathname()) {
            (Some(address), _) => Some(address.to_string()),
            // Its peer has chosen it, and may have put anything into it.
            (None, Some(path)) => Some(format!("{path:?}")),
            (None, None) => None,
        }),
    }
}
