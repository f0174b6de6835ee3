//! Wine knows no number of keepalive probes (WSAENOPROTOOPT).
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let keepalive = socket2::TcpKeepalive::new().with_retries(3);
    let set = socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive);
    assert_eq!(set.unwrap_err().raw_os_error(), Some(10042));
    Ok(())
}
