//! The client with a server of the standard library.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use started::{Watchdog, run};

#[test]
fn reqwest_gets_a_page() {
    let _watchdog = Watchdog::new("a page by reqwest");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/page", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"GET /page HTTP/1.1\r\n"));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
            .unwrap();
    });
    assert_eq!(
        run(Command::new(env!("CARGO_BIN_EXE_compat")).arg(url), b""),
        "hello\n"
    );
    server.join().unwrap();
}
