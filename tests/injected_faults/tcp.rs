//! An echo over TCP: one server takes `accept` as it is, the other leaves errors to `incoming`.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use reveille::net::{AcceptPolicy, TcpListener, TcpSocket, TcpStream};
use reveille::runtime::Runtime;
use reveille::task::JoinHandle;
use reveille::time::sleep;

use crate::stage::{again, read_exact, told_of, write_all};

const CLIENTS: usize = 2;
const LENGTH: usize = 3_000;

pub(crate) fn scene(runtime: Runtime) {
    runtime.block_on(async {
        let address = "127.0.0.1:0";
        let raw = again!("bind", TcpListener::bind(address).await);
        let patient = again!("bind", TcpListener::bind(address).await);
        let addresses = [&raw, &patient].map(|listener| again!("local_addr", listener.local_addr()));
        let servers = [
            reveille::spawn(accept_loop(raw)),
            reveille::spawn(incoming_loop(patient)),
        ];
        let mut clients = Vec::new();
        for address in addresses {
            for number in 0..CLIENTS {
                clients.push(reveille::spawn(client(address, number)));
            }
        }
        for client in clients {
            client.await.unwrap();
        }
        for server in servers {
            assert!(!server.is_finished(), "a server has ended");
            server.abort();
            assert!(server.await.unwrap_err().is_cancelled());
        }
    });
}

async fn client(address: SocketAddr, number: usize) {
    // By each of the two ways.
    let stream = if number % 2 == 0 {
        again!("connect", TcpStream::connect(address).await)
    } else {
        again!("connect", by_socket(address).await)
    };
    again!("set_nodelay", stream.set_nodelay(true));
    assert!(again!("nodelay", stream.nodelay()));
    assert_eq!(again!("peer_addr", stream.peer_addr()), address);
    let bytes: Vec<u8> = (0..LENGTH).map(|at| (at * 7 + number) as u8).collect();
    let mut reply = [0; LENGTH];
    for round in 0..3 {
        let (first, second) = bytes.split_at(LENGTH / 2);
        if round == 1 {
            // Room is there, so that this does not wait.
            let both = [IoSlice::new(first), IoSlice::new(second)];
            assert_eq!(
                again!("try_write_vectored", stream.try_write_vectored(&both)),
                LENGTH
            );
        } else {
            write_all!(stream, &bytes);
        }
        reply.fill(0);
        if round == 1 {
            read_vectored(&stream, &mut reply).await;
        } else {
            read_exact!(stream, &mut reply);
        }
        assert!(reply[..] == bytes[..], "not what was sent came back");
    }
    again!("shutdown", stream.shutdown(Shutdown::Write));
    assert_eq!(again!("read", stream.read(&mut reply).await), 0);
}

async fn read_vectored(stream: &TcpStream, reply: &mut [u8]) {
    let mut filled = 0;
    while filled < reply.len() {
        again!("readable", stream.readable().await);
        let (first, second) = reply[filled..].split_at_mut((LENGTH - filled) / 2);
        let mut both = [IoSliceMut::new(first), IoSliceMut::new(second)];
        match stream.try_read_vectored(&mut both) {
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => told_of("try_read_vectored", error),
        }
    }
}

async fn by_socket(address: SocketAddr) -> io::Result<TcpStream> {
    TcpSocket::new_v4()?.connect(address).await
}

async fn accept_loop(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(echo(stream)),
            Err(error) => {
                told_of("accept", error);
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn incoming_loop(listener: TcpListener) {
    let mut incoming = listener.incoming(AcceptPolicy::default());
    loop {
        // The policy knows all of them: none ends it, or is told.
        let (stream, _) = incoming.accept().await.unwrap();
        drop(echo(stream));
    }
}

fn echo(stream: TcpStream) -> JoinHandle<()> {
    reveille::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let count = again!("read", stream.read(&mut buffer).await);
            if count == 0 {
                return;
            }
            write_all!(stream, &buffer[..count]);
        }
    })
}
