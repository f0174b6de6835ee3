//! Sockets of std, which block, and back.

mod hand;
mod watchdog;

use std::io::{Read, Write};
use std::net;

use reveille_net::{TcpListener, TcpStream, UdpSocket};

use hand::{Hand, poll, would_block};
use watchdog::watched;

/// Two of std's streams, which block.
fn blocking_pair() -> (net::TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (stream, listener.accept().unwrap().0)
}

// With a socket that blocked, each of these would hang in the system call.

#[test]
fn a_blocking_stream_becomes_one_that_does_not() {
    watched(|| {
        let (stream, _peer) = blocking_pair();
        let stream = TcpStream::from_std(stream).unwrap();
        assert!(would_block(&stream.try_read(&mut [0; 8])));
        let mut std = stream.into_std().unwrap();
        assert!(would_block(&std.read(&mut [0; 8])));
    });
}

#[test]
fn a_blocking_listener_becomes_one_that_does_not() {
    watched(|| {
        let _hand = Hand::new();
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        assert!(poll(&mut listener.accept()).is_pending());
        let std = listener.into_std().unwrap();
        assert!(would_block(&std.accept()));
    });
}

#[test]
fn a_blocking_udp_socket_becomes_one_that_does_not() {
    watched(|| {
        let socket = net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = UdpSocket::from_std(socket).unwrap();
        assert!(would_block(&socket.try_recv(&mut [0; 8])));
        let std = socket.into_std().unwrap();
        assert!(would_block(&std.recv(&mut [0; 8])));
    });
}

#[test]
fn the_streams_that_a_listener_of_std_accepts_do_not_block() {
    watched(|| {
        let mut hand = Hand::new();
        let listener = TcpListener::try_from(net::TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let _peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = hand.finish(listener.accept()).unwrap();
        assert!(would_block(&stream.try_read(&mut [0; 8])));
    });
}

#[test]
fn a_stream_that_was_registered_goes_back_and_forth() {
    watched(|| {
        let mut hand = Hand::new();
        let (stream, mut peer) = hand.pair();
        assert_eq!(hand.handle().registrations(), 1);
        let std = stream.into_std().unwrap();
        assert_eq!(hand.handle().registrations(), 0);
        std.set_nonblocking(false).unwrap();

        let stream = TcpStream::try_from(std).unwrap();
        assert!(poll(&mut stream.read(&mut [0; 8])).is_pending());
        peer.write_all(b"x").unwrap();
        assert_eq!(hand.finish(stream.read(&mut [0; 8])).unwrap(), 1);
    });
}

#[cfg(unix)]
#[test]
fn blocking_unix_sockets_become_ones_that_do_not() {
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::net as unix;

    use reveille_net::{UnixDatagram, UnixListener};

    watched(|| {
        let _hand = Hand::new();
        let (socket, _peer) = unix::UnixDatagram::pair().unwrap();
        let number = socket.as_raw_fd();
        let socket = UnixDatagram::try_from(socket).unwrap();
        assert!(would_block(&socket.try_recv(&mut [0; 8])));
        assert_eq!(socket.as_raw_fd(), number);
        assert!(socket.local_addr().unwrap().is_unnamed() && socket.peer_addr().unwrap().is_unnamed());
        assert!(socket.take_error().unwrap().is_none());
        socket.shutdown(net::Shutdown::Write).unwrap();
        let closed = socket.try_send(b"x").unwrap_err();
        assert_eq!(closed.kind(), std::io::ErrorKind::BrokenPipe);
        let std = socket.into_std().unwrap();
        assert_eq!(std.as_raw_fd(), number);

        let directory = std::env::temp_dir().join(format!("reveille-from-std-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let listener = unix::UnixListener::bind(directory.join("listener")).unwrap();
        let number = listener.as_raw_fd();
        let listener = UnixListener::try_from(listener).unwrap();
        assert!(poll(&mut listener.accept()).is_pending());
        assert_eq!(listener.as_raw_fd(), number);
        assert_eq!(listener.as_fd().as_raw_fd(), number);
        assert!(listener.take_error().unwrap().is_none());
        let std = listener.into_std().unwrap();
        assert!(would_block(&std.accept()));
        std::fs::remove_dir_all(&directory).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn the_number_of_a_descriptor_is_that_of_its_socket() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    use reveille_net::unix::pipe::{self, Receiver, Sender};

    let (stream, _peer) = blocking_pair();
    let stream = TcpStream::from_std(stream).unwrap();
    assert_eq!(stream.as_raw_fd(), stream.as_fd().as_raw_fd());
    let listener = hand::listener();
    assert_eq!(listener.as_raw_fd(), listener.as_fd().as_raw_fd());
    let udp = pollster::block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    assert_eq!(udp.as_raw_fd(), udp.as_fd().as_raw_fd());
    let (sender, receiver) = pipe::pipe().unwrap();
    assert_eq!(sender.as_raw_fd(), sender.as_fd().as_raw_fd());
    assert_eq!(receiver.as_raw_fd(), receiver.as_fd().as_raw_fd());
    let (sender, receiver): (OwnedFd, OwnedFd) = (
        sender.into_nonblocking_fd().unwrap(),
        receiver.into_nonblocking_fd().unwrap(),
    );
    let sender = Sender::from_owned_fd_unchecked(sender).unwrap();
    let receiver = Receiver::from_owned_fd_unchecked(receiver).unwrap();
    assert_eq!(sender.try_write(b"x").unwrap(), 1);
    pollster::block_on(receiver.readable()).unwrap();
    assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 1);
}
