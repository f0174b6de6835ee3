//! The clients, if they are there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use crate::process::{Ended, Process};

/// That client; `None`, and a word on stderr, if this machine has none.
pub(crate) fn client(name: &str) -> Option<Command> {
    let is_there = Command::new(name).arg("--version").output().is_ok();
    if !is_there {
        started::skip(&format!("this system has no `{name}`"));
    }
    is_there.then(|| Command::new(name))
}

/// A Python that has gRPC.
pub(crate) fn python_with_grpc() -> Option<Command> {
    let found = ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let imported = Command::new(python).args(["-c", "import grpc"]).output();
        imported.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        started::skip("this system has no Python with `grpc`");
    }
    found.map(Command::new)
}

/// Runs a client to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    Process::start(command).wait()
}

/// A connection on which one request was answered, and which was left open.
pub(crate) fn idle_connection(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    // The head tells it apart from one that has just been closed; the rest is left.
    let mut start = [0; 9];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 ");
    stream
}

/// Waits until the server has closed it, as it does when it begins to end; then nobody listens any more.
pub(crate) fn refused_when_closed(mut idle: TcpStream, address: SocketAddr) {
    idle.read_to_end(&mut Vec::new()).unwrap();
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}
