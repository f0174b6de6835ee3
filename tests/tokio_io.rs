//! tokio's traits over the sockets, under this runtime and under none.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream, tcp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

mod watchdog;
use watchdog::Watchdog;

/// Runs it under several executors, none of them tokio's.
fn everywhere(run: impl AsyncFn() -> io::Result<()>) {
    let _watchdog = Watchdog::new("a conversation", Duration::from_secs(30));
    reveille::block_on(run()).unwrap();
    pollster::block_on(run()).unwrap();
    let several = reveille::runtime::Builder::multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    several.block_on(run()).unwrap();
}

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

/// Both at once, in one task.
async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    tokio::join!(one, other)
}

#[test]
fn tokio_copies_an_echo_through_the_halves() {
    everywhere(async || {
        let (client, mut server) = pair().await?;
        let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let echo = async {
            let (mut reader, mut writer) = server.split();
            let count = tokio::io::copy(&mut reader, &mut writer).await?;
            AsyncWriteExt::shutdown(&mut writer).await?;
            io::Result::Ok(count)
        };
        let (mut reader, mut writer) = client.into_split();
        let talk = async {
            let write = async {
                AsyncWriteExt::write_all(&mut writer, &sent).await?;
                AsyncWriteExt::shutdown(&mut writer).await
            };
            let mut received = Vec::new();
            let (written, read) = both(write, AsyncReadExt::read_to_end(&mut reader, &mut received)).await;
            written.and(read)?;
            io::Result::Ok(received)
        };
        let (count, received) = both(echo, talk).await;
        assert_eq!(count?, sent.len() as u64);
        assert!(received? == sent);
        Ok(())
    });
}

#[test]
fn a_read_goes_behind_what_the_buffer_holds() {
    everywhere(async || {
        let (mut client, server) = pair().await?;
        let mut buffer = Vec::with_capacity(64);
        buffer.extend_from_slice(b"> ");
        server.write_all(b"hello").await?;
        assert_eq!(client.read_buf(&mut buffer).await?, 5);
        assert_eq!(buffer, b"> hello");
        Ok(())
    });
}

#[test]
fn several_buffers_are_one_write() {
    everywhere(async || {
        let (mut client, server) = pair().await?;
        assert!(AsyncWrite::is_write_vectored(&client));
        let buffers = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"write")];
        let count =
            poll_fn(|cx| AsyncWrite::poll_write_vectored(Pin::new(&mut client), cx, &buffers)).await?;
        assert_eq!(count, 9);
        let mut received = [0; 9];
        server.read_exact(&mut received).await?;
        assert_eq!(&received, b"one write");
        Ok(())
    });
}

#[test]
fn a_shutdown_after_the_peer_has_reset_is_none_of_the_callers_business() {
    everywhere(async || {
        let (mut client, server) = pair().await?;
        // What was never read makes the close a reset.
        client.write_all(b"unread").await?;
        server.readable().await?;
        drop(server);
        assert!(AsyncReadExt::read(&mut client, &mut [0; 8]).await.is_err());
        AsyncWriteExt::shutdown(&mut client).await
    });
}

#[cfg(unix)]
#[test]
fn unix_sockets_have_the_traits_too() {
    everywhere(async || {
        let (mut one, mut other) = reveille::net::UnixStream::pair()?;
        AsyncWriteExt::write_all(&mut one, b"hello").await?;
        AsyncWriteExt::shutdown(&mut one).await?;
        let mut received = Vec::new();
        AsyncReadExt::read_to_end(&mut other, &mut received).await?;
        assert_eq!(received, b"hello");
        Ok(())
    });
}

#[cfg(unix)]
#[test]
fn tokio_copies_through_a_pipe_that_is_full() {
    everywhere(async || {
        let (mut sender, mut receiver) = reveille::net::unix::pipe::pipe()?;
        let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let write = async {
            AsyncWriteExt::write_all(&mut sender, &sent).await?;
            // Which does not end it: dropping it does.
            AsyncWriteExt::shutdown(&mut sender).await?;
            AsyncWriteExt::write_all(&mut sender, b"!").await?;
            drop(sender);
            io::Result::Ok(())
        };
        let mut received = Vec::new();
        let (written, read) = both(write, AsyncReadExt::read_to_end(&mut receiver, &mut received)).await;
        written.and(read)?;
        assert!(received.len() == sent.len() + 1 && received.starts_with(&sent));
        Ok(())
    });
}

#[test]
fn streams_in_memory_have_the_traits_too() {
    everywhere(async || {
        // Less room than is sent, so that both wait, and the bytes go around the end of the queue.
        let (mut one, mut other) = reveille::io::duplex(7);
        let sent: Vec<u8> = (0..=255).collect();
        let write = async {
            AsyncWriteExt::write_all(&mut one, &sent).await?;
            AsyncWriteExt::shutdown(&mut one).await
        };
        let mut received = b"> ".to_vec();
        let read = async {
            // Some stays behind while the other side writes.
            while AsyncReadExt::take(&mut other, 5).read_buf(&mut received).await? > 0 {
                futures_lite::future::yield_now().await;
            }
            io::Result::Ok(())
        };
        let (written, read) = both(write, read).await;
        written.and(read)?;
        assert_eq!(received, [b"> ", &sent[..]].concat());

        drop(other);
        let error = AsyncWriteExt::write(&mut one, b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn the_standard_streams_have_the_traits_too() {
    const CHILD: &str = "REVEILLE_STANDARD_STREAMS_OF_TOKIO";
    let _watchdog = Watchdog::new("the standard streams", Duration::from_secs(60));
    if std::env::var_os(CHILD).is_some() {
        return reveille::block_on(async {
            let mut text = String::new();
            AsyncReadExt::read_to_string(&mut reveille::io::stdin(), &mut text)
                .await
                .unwrap();
            let mut output = reveille::io::stdout();
            AsyncWriteExt::write_all(&mut output, text.to_uppercase().as_bytes())
                .await
                .unwrap();
            AsyncWriteExt::flush(&mut output).await.unwrap();
        });
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "the_standard_streams_have_the_traits_too",
            "--nocapture",
        ])
        .env(CHILD, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"for tokio").unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && printed.contains("FOR TOKIO"),
        "{printed}"
    );
}

#[test]
fn the_types_are_what_tokio_asks_for() {
    fn stream<T: AsyncRead + AsyncWrite + Unpin + Send + Sync>() {}
    fn reads<T: AsyncRead + Unpin + Send + Sync>() {}
    fn writes<T: AsyncWrite + Unpin + Send + Sync>() {}
    stream::<TcpStream>();
    stream::<&TcpStream>();
    stream::<reveille::io::DuplexStream>();
    reads::<reveille::io::Stdin>();
    writes::<reveille::io::Stdout>();
    writes::<reveille::io::Stderr>();
    reads::<tcp::OwnedReadHalf>();
    writes::<tcp::OwnedWriteHalf>();
    reads::<tcp::ReadHalf<'_>>();
    writes::<tcp::WriteHalf<'_>>();
}
