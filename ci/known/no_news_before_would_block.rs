//! On Windows mio reports nothing more of a socket until an operation has met `WouldBlock`: not that the peer has closed.
use std::io::Write;
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let (mut poll, mut events) = (mio::Poll::new()?, mio::Events::with_capacity(8));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut peer = TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    let mut stream = mio::net::TcpStream::from_std(stream);
    poll.registry()
        .register(&mut stream, mio::Token(1), mio::Interest::READABLE)?;
    peer.write_all(b"x")?;
    poll.poll(&mut events, None)?;
    drop(peer);
    poll.poll(&mut events, Some(std::time::Duration::from_secs(1)))?;
    assert!(events.is_empty());
    Ok(())
}
