//! Whoever waits to read hears nothing when this side itself closes that direction.
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let (mut poll, mut events) = (mio::Poll::new()?, mio::Events::with_capacity(8));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let _peer = TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    let mut stream = mio::net::TcpStream::from_std(stream);
    poll.registry()
        .register(&mut stream, mio::Token(1), mio::Interest::READABLE)?;
    stream.shutdown(Shutdown::Read)?;
    poll.poll(&mut events, Some(Duration::from_secs(1)))?;
    assert!(events.is_empty());
    Ok(())
}
