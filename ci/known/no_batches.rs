//! Wine lacks what quinn-udp, from whose tests of batches ours is made, asks of every socket (WSAEOPNOTSUPP).
use std::net::UdpSocket;

fn main() -> std::io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let state = quinn_udp::UdpSocketState::new((&socket).into());
    assert_eq!(state.err().and_then(|error| error.raw_os_error()), Some(10045));
    Ok(())
}
