//! The proxy between sockets of the standard library.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use started::{Program, Watchdog, free_port};

fn proxy_to(address: &str) -> Program {
    Program::ours(env!("CARGO_BIN_EXE_tcp_proxy"), &["127.0.0.1:0", address])
}

/// Bytes in which nothing that is lost, doubled or moved stays unseen.
fn bytes(seed: u32, count: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(next).collect()
}

#[test]
fn each_direction_ends_by_itself() {
    let _watchdog = Watchdog::new("a conversation through the proxy");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = proxy_to(&listener.local_addr().unwrap().to_string());
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    let (mut server, _) = listener.accept().unwrap();

    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    // The server reads to the end, and answers only then.
    let mut question = String::new();
    server.read_to_string(&mut question).unwrap();
    server.write_all(b"answer").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
    assert_eq!(proxy.stop(), "");
}

#[test]
fn much_goes_both_ways_at_once_on_many_connections() {
    const CONNECTIONS: u32 = 16;
    const EACH: usize = 1 << 20;
    let _watchdog = Watchdog::new("many connections through the proxy");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = proxy_to(&listener.local_addr().unwrap().to_string());
    let echo = thread::spawn(move || {
        let echoes = (0..CONNECTIONS).map(|_| {
            let (mut stream, _) = listener.accept().unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 10_000];
                while let count @ 1.. = stream.read(&mut buffer).unwrap() {
                    stream.write_all(&buffer[..count]).unwrap();
                }
            })
        });
        for echo in echoes.collect::<Vec<_>>() {
            echo.join().unwrap();
        }
    });
    let clients = (0..CONNECTIONS).map(|number| {
        let client = TcpStream::connect(proxy.address()).unwrap();
        thread::spawn(move || {
            let sent = bytes(number, EACH);
            let (mut reader, mut writer) = (client.try_clone().unwrap(), client);
            let expected = sent.clone();
            let writing = thread::spawn(move || {
                writer.write_all(&sent).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            });
            let mut received = Vec::new();
            reader.read_to_end(&mut received).unwrap();
            writing.join().unwrap();
            assert!(received == expected, "the echo of connection {number} differs");
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.join().unwrap();
    }
    echo.join().unwrap();
    assert_eq!(proxy.stop(), "");
}

#[test]
fn a_server_that_is_not_there_costs_that_connection_alone() {
    let _watchdog = Watchdog::new("a connection to nobody");
    let port = free_port();
    let proxy = proxy_to(&format!("127.0.0.1:{port}"));
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0, "closed");
    proxy.wait_for("refused");

    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"here").unwrap();
    client.read_exact(&mut [0; 4]).unwrap();
}
