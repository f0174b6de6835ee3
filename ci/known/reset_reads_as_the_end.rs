//! A reset that was reported reads as the end of the stream: asking for the report has used up the error.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let (mut poll, mut events) = (mio::Poll::new()?, mio::Events::with_capacity(8));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let peer = TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    let mut stream = mio::net::TcpStream::from_std(stream);
    poll.registry()
        .register(&mut stream, mio::Token(1), mio::Interest::READABLE)?;
    stream.write_all(b"x")?;
    peer.peek(&mut [0])?;
    drop(peer); // Without having read.
    poll.poll(&mut events, None)?;
    assert_eq!(stream.read(&mut [0])?, 0);
    Ok(())
}
