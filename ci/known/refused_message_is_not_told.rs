//! A message that was refused is reported as nothing, and is an error of no operation.
use std::net::UdpSocket;
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let (mut poll, mut events) = (mio::Poll::new()?, mio::Events::with_capacity(8));
    let mut socket = mio::net::UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    socket.connect(UdpSocket::bind("127.0.0.1:0")?.local_addr()?)?;
    poll.registry()
        .register(&mut socket, mio::Token(1), mio::Interest::READABLE)?;
    socket.send(b"x")?;
    poll.poll(&mut events, Some(Duration::from_secs(1)))?;
    assert!(events.is_empty());
    let received = socket.recv(&mut [0]);
    assert_eq!(received.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    Ok(())
}
