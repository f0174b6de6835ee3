//! Actors that talk over sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::time::sleep;

use crate::actor::{Actor, Cast};
use crate::random::Random;
use crate::tasks::run;

pub(crate) fn start(cast: &Arc<Cast>) {
    let address = cast
        .handle
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            drop(reveille::spawn(accept(listener)));
            Ok::<_, io::Error>(address)
        })
        .expect("a loopback port");
    for name in ["tcp client 1", "tcp client 2", "tcp client 3", "tcp client 4"] {
        run(cast, name, move |actor, random| async move {
            talk(address, &actor, random)
                .await
                .expect("loopback loses nothing");
        });
    }
    run(cast, "udp", |actor, random| async move {
        datagrams(&actor, random).await.expect("loopback sockets");
    });
}

async fn accept(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.expect("enough descriptors");
        // Who leaves in the middle is no failure.
        drop(reveille::spawn(async move { drop(echo(stream).await) }));
    }
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// A connection with some messages, which the two halves send and receive in two tasks. Some end it in the middle.
async fn talk(address: SocketAddr, actor: &Actor, mut random: Random) -> io::Result<()> {
    actor.step("connects");
    let stream = Arc::new(TcpStream::connect(address).await?);
    for _ in 0..random.below(20) {
        let most = if random.below(10) == 0 { 300_000 } else { 2_000 };
        let size = 1 + random.below(most);
        let message: Vec<u8> = (0..size).map(|_| random.next() as u8).collect();
        let (sends, sent) = (stream.clone(), message.clone());
        actor.step("sends and receives");
        let sender = reveille::spawn(async move { sends.write_all(&sent).await });
        if random.below(20) == 0 {
            sender.abort();
            let _ = sender.await;
            return Ok(());
        }
        let mut received = vec![0; size];
        stream.read_exact(&mut received).await?;
        assert!(received == message, "the echo is not what was sent");
        actor.step("joins the sender");
        sender.await.expect("it is not aborted")?;
        if random.below(5) == 0 {
            actor.step("sleeps");
            sleep(random.microseconds(5_000)).await;
        }
    }
    Ok(())
}

async fn datagrams(actor: &Actor, mut random: Random) -> io::Result<()> {
    actor.step("sends datagrams");
    let one = UdpSocket::bind("127.0.0.1:0").await?;
    let other = UdpSocket::bind("127.0.0.1:0").await?;
    let to = other.local_addr()?;
    for _ in 0..random.below(20) {
        let number = random.next().to_le_bytes();
        let receiver = async {
            let mut buffer = [0; 8];
            other.recv_from(&mut buffer).await.map(|_| buffer)
        };
        // One at a time: an empty queue of the system's drops none.
        one.send_to(&number, to).await?;
        assert_eq!(receiver.await?, number);
    }
    Ok(())
}
