//! What is printed for debugging: which operation waits, for which direction, at which line; never the bytes.

mod hand;

use std::fmt::Debug;
use std::sync::Arc;

use reveille_net::names::Names;
use reveille_net::{AcceptPolicy, TcpListener, TcpSocket, TcpStream, UdpSocket};
use reveille_reactor::Interest;

use hand::Hand;

const SECRET: &[u8] = b"SSSSSSS";

/// It says what it is and where it was made, and none of the bytes that it carries.
#[track_caller]
fn describes(what: &dyn Debug, name: &str, also: &[&str]) {
    let text = format!("{what:?}");
    assert!(text.starts_with(name), "{text} is to begin with {name}");
    for part in also {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(
        !text.contains("83, 83") && !text.contains("SSS"),
        "{text} tells of the bytes"
    );
}

const READ: &[&str] = &["Read", "descriptions.rs"];
const WRITE: &[&str] = &["Write", "descriptions.rs"];

#[test]
fn operations_of_a_stream_say_for_what_they_wait() {
    let mut hand = Hand::new();
    let (stream, _peer) = hand.pair();
    let mut buffer = SECRET.to_vec();
    describes(&stream.read(&mut buffer), "Read(", READ);
    describes(
        &stream.read_exact(&mut buffer),
        "ReadExact",
        &["Read", "filled: 0", "wanted: 7", "descriptions.rs"],
    );
    describes(&stream.peek(&mut buffer), "Peek(", READ);
    describes(&stream.write(SECRET), "Write(", WRITE);
    let all = stream.write_all(SECRET);
    describes(&all, "WriteAll", &["written: 0", "wanted: 7", "descriptions.rs"]);
    describes(&stream.readable(), "Read", READ);
    describes(&stream.writable(), "Writ", WRITE);
    let both = Interest::READABLE | Interest::WRITABLE;
    describes(
        &stream.ready(both),
        "Readiness",
        &["Read", "Write", "descriptions.rs"],
    );
    describes(&stream.async_io(Interest::READABLE, || Ok(())), "AsyncIo", READ);
    describes(
        &stream.async_io(both, || Ok(())),
        "AsyncIo",
        &["Read", "Write", "descriptions.rs"],
    );
}

#[test]
fn messages_and_connections_too() {
    let udp = pollster::block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let mut buffer = SECRET.to_vec();
    describes(&udp.recv(&mut buffer), "Recv(", READ);
    describes(&udp.recv_from(&mut buffer), "RecvFrom(", READ);
    describes(&udp.recv_msg(&mut buffer), "RecvMsg(", READ);
    describes(&udp.peek_from(&mut buffer), "PeekFrom(", READ);
    describes(&udp.send(SECRET), "Send(", WRITE);
    describes(&udp.send_to(SECRET, "127.0.0.1:9"), "SendTo", &["127.0.0.1:9"]);
    let udp = Arc::new(udp);
    describes(&udp.writable_owned(), "WritableOwned(", WRITE);

    let listener = hand::listener();
    let address = listener.local_addr().unwrap();
    let port = &*address.port().to_string();
    describes(&listener.incoming(AcceptPolicy::default()), "Incoming", READ);
    describes(&TcpListener::bind(address), "Bind(", &[port]);
    describes(&TcpStream::connect(address), "Connect(", &[port]);
    let connect = TcpSocket::new_v4().unwrap().connect(address);
    describes(&connect, "ConnectSocket", &["address", port]);
}

#[test]
fn a_connection_that_is_under_way_says_where_to() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let address = listener.local_addr().unwrap();
    let mut connect = TcpSocket::new_v4().unwrap().connect(address);
    if hand::poll(&mut connect).is_pending() {
        describes(
            &connect,
            "ConnectSocket",
            &["address", &address.port().to_string()],
        );
        drop(hand.finish(&mut connect).unwrap());
    }
    // Nothing is left to describe.
    assert_eq!(format!("{connect:?}"), "ConnectSocket { .. }");
}

#[test]
fn names_say_whether_they_are_closed() {
    let names = Names::new(None);
    assert_eq!(format!("{names:?}"), "Names { closed: false, .. }");
    names.close(&mut Vec::new());
    assert_eq!(format!("{names:?}"), "Names { closed: true, .. }");
}

#[cfg(unix)]
#[test]
fn operations_of_unix_sockets_too() {
    let (datagram, _peer) = reveille_net::UnixDatagram::pair().unwrap();
    let path = std::path::Path::new("/nowhere/at all");
    let send = datagram.send_to(SECRET, path);
    describes(&send, "SendTo", &["Write", "descriptions.rs", "/nowhere/at all"]);
    describes(&datagram.send(SECRET), "Send(", WRITE);
    let connect = reveille_net::UnixStream::connect(path);
    describes(&connect, "Connect", &["/nowhere/at all"]);
}

#[cfg(target_os = "linux")]
#[test]
fn operations_of_other_sources_too() {
    use reveille_net::UnixStream;
    use reveille_net::source::Source;

    let (ours, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let source = Source::new(ours).unwrap();
    describes(&source.read_with(|_| Ok(SECRET)), "ReadWith(", READ);
    describes(&source.write_with(|_| Ok(SECRET)), "WriteWith(", WRITE);
    let ready = source.ready(Interest::READABLE | Interest::WRITABLE);
    describes(&ready, "AwaitReady", &["Read", "Write", "descriptions.rs"]);
    let guard = pollster::block_on(source.ready(Interest::WRITABLE)).unwrap();
    describes(&guard, "ReadyGuard", &["Writable"]);

    let would_block = guard.try_io(|_| std::io::Result::<()>::Err(std::io::ErrorKind::WouldBlock.into()));
    assert_eq!(would_block.unwrap_err().to_string(), "the operation would block");

    let (from, to) = UnixStream::pair().unwrap();
    let splice = reveille_net::splice(&from, &to);
    describes(&splice, "Splice", &["held: 0", "delivered: 0", "descriptions.rs"]);
}
