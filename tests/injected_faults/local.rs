//! What stays on the machine: Unix streams, descriptors that travel on them, pipes, splice.

use std::fs;
use std::net::Shutdown;
use std::os::fd::AsFd;

use futures_lite::future::zip;
use reveille::net::{AcceptPolicy, UnixListener, UnixStream, splice, unix};
use reveille::runtime::Runtime;

use crate::stage::{again, read_exact, write_all};

pub(crate) fn scene(runtime: Runtime) {
    runtime.block_on(async {
        listeners().await;
        descriptors().await;
        pipes().await;
        splices().await;
    });
}

async fn listeners() {
    let path = std::env::temp_dir().join(format!("reveille-injected-{}", std::process::id()));
    let listener = again!("bind", {
        // One that failed behind its `bind` leaves the name.
        let _ = fs::remove_file(&path);
        UnixListener::bind(&path)
    });
    for patient in [false, true] {
        let client = again!("connect", UnixStream::connect(&path).await);
        let (server, _) = if patient {
            let mut incoming = listener.incoming(AcceptPolicy::default());
            incoming.accept().await.unwrap()
        } else {
            again!("accept", listener.accept().await)
        };
        again!("peer_cred", server.peer_cred());
        write_all!(client, b"hello");
        let mut buffer = [0; 5];
        read_exact!(server, &mut buffer);
        assert_eq!(&buffer, b"hello");
        drop(client);
        assert_eq!(again!("read", server.read(&mut buffer).await), 0);
    }
    fs::remove_file(&path).unwrap();
}

async fn descriptors() {
    let (here, there) = again!("pair", UnixStream::pair());
    let (lent, kept) = again!("pair", UnixStream::pair());
    let sent = again!("send_with_fds", here.send_with_fds(b"one", &[lent.as_fd()]).await);
    assert_eq!(sent, 3);
    let mut buffer = [0; 8];
    let (count, received) = again!("recv_with_fds", there.recv_with_fds(&mut buffer, 1).await);
    assert_eq!((&buffer[..count], received.len()), (&b"one"[..], 1));
    drop(lent);
    write_all!(kept, b"x");
    drop(received);
    let waits = async { again!("read", there.read(&mut [0; 1]).await) };
    let speaks = async { write_all!(here, b"y") };
    assert_eq!(zip(waits, speaks).await.0, 1);
}

async fn pipes() {
    let (sender, receiver) = again!("pipe", unix::pipe::pipe());
    let mut sent = 0;
    while sent < 10 {
        sent += again!("write", sender.write(&b"0123456789"[sent..]).await);
    }
    drop(sender);
    let mut received = Vec::new();
    let mut buffer = [0; 4];
    loop {
        match again!("read", receiver.read(&mut buffer).await) {
            0 => break,
            count => received.extend_from_slice(&buffer[..count]),
        }
    }
    assert_eq!(received, b"0123456789");
}

async fn splices() {
    let (client, from) = again!("pair", UnixStream::pair());
    let (to, server) = again!("pair", UnixStream::pair());
    let proxy = reveille::spawn(async move {
        let mut splicing = splice(&from, &to);
        let moved = again!("splice", (&mut splicing).await);
        drop(splicing);
        again!("shutdown", to.shutdown(Shutdown::Write));
        moved
    });
    let mut buffer = [0; 6];
    for _ in 0..3 {
        write_all!(client, b"by way");
        read_exact!(server, &mut buffer);
        assert_eq!(&buffer, b"by way");
    }
    again!("shutdown", client.shutdown(Shutdown::Write));
    assert_eq!(again!("read", server.read(&mut buffer).await), 0);
    assert_eq!(proxy.await.unwrap(), 18);
}
