//! The example `graceful_shutdown`, from outside.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::example_process::Example;
use crate::round_trip;

#[test]
fn connections_finish_their_line() {
    let mut server = Example::start("graceful_shutdown", &["127.0.0.1:0", "3600"]);
    let address = server.address();
    let mut idle = TcpStream::connect(address).unwrap();
    round_trip(&mut idle, b"one\n");
    let mut busy = TcpStream::connect(address).unwrap();
    begin_a_line(&mut busy);
    server.interrupt();
    assert_eq!(server.line(), "stopping");
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(rest_of(idle), "goodbye\n");
    busy.write_all(b"line\nmore\n").unwrap();
    assert_eq!(rest_of(busy), "half a line\nmore\ngoodbye\n");
    let printed = server.wait().success();
    assert_eq!(printed, "every connection has ended\neverything has ended\n");
}

#[test]
fn who_does_not_finish_in_time_is_cut_off() {
    let mut server = Example::start("graceful_shutdown", &["127.0.0.1:0", "0"]);
    let address = server.address();
    let mut busy = TcpStream::connect(address).unwrap();
    begin_a_line(&mut busy);
    server.interrupt();
    assert_eq!(rest_of(busy), "");
    let printed = server.wait().success();
    assert_eq!(printed, "stopping\n1 did not end in time\neverything has ended\n");
}

/// Sends a line and a half at once: when the line is back, the half is there.
#[track_caller]
fn begin_a_line(stream: &mut TcpStream) {
    stream.write_all(b"one\nhalf a ").unwrap();
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"one\n");
}

#[track_caller]
fn rest_of(mut stream: TcpStream) -> String {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    rest
}
