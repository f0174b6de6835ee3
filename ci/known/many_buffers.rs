//! Wine hands a write over to Linux, which takes 1024 buffers at most: more are an error (WSAEMSGSIZE).
use std::io::{IoSlice, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let peer = TcpStream::connect(listener.local_addr()?)?;
    let mut stream = mio::net::TcpStream::from_std(peer);
    let written = stream.write_vectored(&[IoSlice::new(b"x"); 1025]);
    assert_eq!(written.unwrap_err().raw_os_error(), Some(10040));
    Ok(())
}
