//! What is told of a descriptor by its number.
#![cfg(unix)]

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use reveille_net::{Kind, SeenSocket};
use reveille_reactor::Direction::{Read, Write};

fn text(of: &impl AsRawFd) -> [String; 2] {
    let seen = SeenSocket::look(of.as_raw_fd());
    [Read, Write].map(|direction| {
        let text = seen.wait(direction).to_string();
        text.replace(&format!("descriptor {}", seen.number), "descriptor N")
    })
}

#[test]
fn each_kind_is_told_by_what_it_does() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    assert_eq!(text(&listener)[0], format!("accepts on {here} (descriptor N)"));

    let stream = TcpStream::connect(here).unwrap();
    let own = stream.local_addr().unwrap();
    assert_eq!(
        text(&stream),
        ["reads from", "writes to"].map(|verb| format!("{verb} {here} (at {own}, descriptor N)"))
    );

    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = datagrams.local_addr().unwrap();
    assert_eq!(
        text(&datagrams),
        ["receives on", "sends from"].map(|verb| format!("{verb} {own} (descriptor N)"))
    );
}

#[test]
fn a_peer_without_a_name_is_a_peer() {
    let (one, _other) = UnixStream::pair().unwrap();
    assert!(SeenSocket::look(one.as_raw_fd()).is_connected);
    assert_eq!(text(&one), ["reads from descriptor N", "writes to descriptor N"]);
}

#[test]
fn what_is_no_socket_or_nobodys_is_told_as_its_number() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(SeenSocket::look(file.as_raw_fd()).kind, Kind::Other);
    assert_eq!(text(&file)[0], "reads from descriptor N");
    for nobody in [-1, i32::MAX] {
        let seen = SeenSocket::look(nobody);
        assert_eq!((seen.kind, seen.local, seen.peer), (Kind::Other, None, None));
    }
}
