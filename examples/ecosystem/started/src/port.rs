//! A port for a server that cannot be told to let the system choose one.

use std::net::TcpListener;

/// A port of the loopback address that was free a moment ago. The system hands it out again to nobody soon.
///
/// # Panics
///
/// If there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
