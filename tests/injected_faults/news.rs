//! Calls that find nothing, though there was something: another process has taken it, or a checksum was wrong. Edge triggering
//! reports no more of what has come before; so here peers go on, and what comes after it has to be noticed.

use std::io::Write;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reveille::net::{AcceptPolicy, TcpListener, TcpStream, UdpSocket};
use reveille::runtime::Runtime;

use crate::stage::again;

const BYTES: usize = 4;

pub(crate) fn scene(runtime: Runtime) {
    let over = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let listener = again!("bind", TcpListener::bind("127.0.0.1:0").await);
        let socket = again!("bind", UdpSocket::bind("127.0.0.1:0").await);
        let addresses = [
            again!("local_addr", listener.local_addr()),
            again!("local_addr", socket.local_addr()),
        ];
        let peers = {
            let over = over.clone();
            thread::spawn(move || go_on(addresses, &over))
        };
        let mut streams = Vec::new();
        for _ in 0..2 {
            streams.push(again!("accept", listener.accept().await).0);
        }
        let mut incoming = listener.incoming(AcceptPolicy::default());
        streams.push(incoming.accept().await.unwrap().0);
        for stream in streams {
            reveille::spawn(there_and_back(stream)).await.unwrap();
        }
        let mut buffer = [0; 8];
        for _ in 0..BYTES {
            let (count, from) = again!("recv_from", socket.recv_from(&mut buffer).await);
            assert_eq!(count, 1);
            again!("send_to", socket.send_to(&buffer[..count], from).await);
            assert_eq!(again!("recv_msg", socket.recv_msg(&mut buffer).await).length, 1);
        }
        over.store(true, Ordering::Relaxed);
        peers.join().unwrap();
    });
}

async fn there_and_back(stream: TcpStream) {
    let mut buffer = [0; 1];
    for _ in 0..BYTES {
        assert_eq!(again!("read", stream.read(&mut buffer).await), 1);
        assert_eq!(again!("write", stream.write(&buffer).await), 1);
    }
}

/// Connects, and speaks on each connection, until told that it is over. What fails here is left out.
fn go_on([listener, socket]: [SocketAddr; 2], over: &AtomicBool) {
    let sender = loop {
        match net::UdpSocket::bind("127.0.0.1:0") {
            Ok(sender) => break sender,
            Err(_) => continue,
        }
    };
    let mut streams = Vec::new();
    while !over.load(Ordering::Relaxed) {
        if streams.len() < 100 {
            streams.extend(net::TcpStream::connect(listener));
        }
        for mut stream in &streams {
            drop(stream.write(b"n"));
        }
        drop(sender.send_to(b"n", socket));
        thread::sleep(Duration::from_millis(5));
    }
}
