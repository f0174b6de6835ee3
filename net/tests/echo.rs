//! Bytes that come back, by each way of moving them, under an executor that knows nothing of us.

mod watchdog;

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use reveille_net::{TcpListener, TcpStream};

use watchdog::watched;

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, from) = listener.accept().await?;
    assert_eq!(from, client.local_addr()?);
    assert_eq!(server.peer_addr()?, from);
    Ok((client, server))
}

/// Sends back what arrives, until the end.
fn echo_in_a_thread(server: TcpStream) -> thread::JoinHandle<io::Result<()>> {
    thread::spawn(move || {
        pollster::block_on(async {
            let mut buffer = [0; 4096];
            loop {
                match server.read(&mut buffer).await? {
                    0 => return server.shutdown(Shutdown::Write),
                    length => server.write_all(&buffer[..length]).await?,
                }
            }
        })
    })
}

#[test]
fn inherent_operations_echo() -> io::Result<()> {
    watched(|| {
        pollster::block_on(async {
            let (client, server) = pair().await?;
            let echo = echo_in_a_thread(server);
            let mut buffer = [0; 5];

            client.write_all(b"hello").await?;
            assert_eq!(client.read_exact(&mut buffer).await?, 5);
            assert_eq!(&buffer, b"hello");

            let written = client.write(b"again").await?;
            assert_eq!(client.peek(&mut buffer[..1]).await?, 1);
            client.read_exact(&mut buffer[..written]).await?;
            assert_eq!(&buffer[..written], &b"again"[..written]);

            client.shutdown(Shutdown::Write)?;
            assert_eq!(client.read(&mut buffer).await?, 0);
            echo.join().unwrap()
        })
    })
}

#[test]
fn the_traits_echo_by_value_by_reference_and_by_halves() -> io::Result<()> {
    watched(|| {
        pollster::block_on(async {
            let (mut client, server) = pair().await?;
            let echo = echo_in_a_thread(server);
            let mut buffer = [0; 5];

            AsyncWriteExt::write_all(&mut client, b"value").await?;
            AsyncReadExt::read_exact(&mut client, &mut buffer).await?;
            assert_eq!(&buffer, b"value");

            AsyncWriteExt::write_all(&mut &client, b"refer").await?;
            AsyncReadExt::read_exact(&mut &client, &mut buffer).await?;
            assert_eq!(&buffer, b"refer");

            let (mut reader, mut writer) = client.split();
            AsyncWriteExt::write_all(&mut writer, b"split").await?;
            AsyncReadExt::read_exact(&mut reader, &mut buffer).await?;
            assert_eq!(&buffer, b"split");

            let (mut reader, mut writer) = client.into_split();
            AsyncWriteExt::write_all(&mut writer, b"owned").await?;
            AsyncReadExt::read_exact(&mut reader, &mut buffer).await?;
            assert_eq!(&buffer, b"owned");

            writer.flush().await?;
            writer.close().await?;
            assert_eq!(AsyncReadExt::read(&mut reader, &mut buffer).await?, 0);
            echo.join().unwrap()
        })
    })
}

/// No two neighbours are alike, and no period of it divides a power of two.
fn pattern(length: usize) -> Vec<u8> {
    (0..251u8).cycle().take(length).collect()
}

fn a_mebibyte_in_writes_of(chunk: usize) -> io::Result<()> {
    watched(|| {
        let sent = pattern(1 << 20);
        let (client, server) = pollster::block_on(pair())?;
        let echo = echo_in_a_thread(server);
        // The same stream in two tasks, on two threads, each of which waits for its own direction.
        let client = Arc::new(client);
        let writer = {
            let (client, sent) = (client.clone(), sent.clone());
            thread::spawn(move || {
                pollster::block_on(async {
                    for chunk in sent.chunks(chunk) {
                        AsyncWriteExt::write_all(&mut &*client, chunk).await?;
                    }
                    client.shutdown(Shutdown::Write)
                })
            })
        };
        let mut received = Vec::new();
        pollster::block_on((&*client).read_to_end(&mut received))?;
        writer.join().unwrap()?;
        assert!(
            received == sent,
            "{} of {} bytes, or others",
            received.len(),
            sent.len()
        );
        echo.join().unwrap()
    })
}

#[test]
fn a_mebibyte_in_small_writes_comes_back_whole() -> io::Result<()> {
    a_mebibyte_in_writes_of(64)
}

#[test]
fn a_mebibyte_in_large_writes_comes_back_whole() -> io::Result<()> {
    a_mebibyte_in_writes_of(16 << 10)
}
