//! `reveille::io`: copying both ways, streams in memory, the standard streams.

use std::future::Future;
use std::io::{self, ErrorKind, Write as _};
use std::pin::{Pin, pin};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_lite::future::zip;
use reveille::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy_bidirectional,
    copy_bidirectional_with_sizes, duplex, stderr, stdin, stdout,
};
use reveille::net::{TcpListener, TcpStream};

mod watchdog;
use watchdog::Watchdog;

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Both streams of a connection.
async fn tcp() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

#[test]
fn each_direction_ends_by_itself() {
    let (mut client, mut left) = duplex(16);
    let (mut right, mut server) = duplex(16);
    let mut copy = pin!(copy_bidirectional(&mut left, &mut right));
    let mut buffer = [0; 16];

    assert!(poll(pin!(client.write_all(b"question"))).is_ready());
    assert!(poll(pin!(client.close())).is_ready());
    assert!(poll(copy.as_mut()).is_pending());
    assert!(matches!(poll(pin!(server.read(&mut buffer))), Poll::Ready(Ok(8))));
    // The end has come through, although the other direction is open.
    assert!(matches!(poll(pin!(server.read(&mut buffer))), Poll::Ready(Ok(0))));

    assert!(poll(pin!(server.write_all(b"the answer"))).is_ready());
    assert!(poll(copy.as_mut()).is_pending());
    assert!(matches!(
        poll(pin!(client.read(&mut buffer))),
        Poll::Ready(Ok(10))
    ));
    assert!(poll(pin!(server.close())).is_ready());
    assert!(matches!(poll(copy.as_mut()), Poll::Ready(Ok((8, 10)))));
    assert!(matches!(poll(pin!(client.read(&mut buffer))), Poll::Ready(Ok(0))));
}

#[test]
fn a_proxy_carries_much_both_ways_through_small_buffers() {
    let _watchdog = Watchdog::new("a proxy", Duration::from_secs(30));
    let bytes: Vec<u8> = (0..50_000_u32).map(|number| (number % 251) as u8).collect();
    reveille::block_on(async {
        let (client, mut left) = tcp().await.unwrap();
        let (mut right, server) = tcp().await.unwrap();
        let proxy = async {
            let copied = copy_bidirectional_with_sizes(&mut left, &mut right, 1000, 7).await;
            drop((left, right));
            copied
        };
        let talk = async |stream: TcpStream| {
            let (reader, writer) = stream.into_split();
            let write = async {
                writer.write_all(&bytes).await?;
                writer.shutdown()
            };
            let mut received = Vec::new();
            let mut reader = reader;
            let (written, read) = zip(write, reader.read_to_end(&mut received)).await;
            written.and(read).unwrap();
            assert!(received == bytes);
        };
        let (copied, _) = zip(proxy, zip(talk(client), talk(server))).await;
        assert_eq!(copied.unwrap(), (50_000, 50_000));
    });
}

/// Keeps what is written until it is flushed.
struct Holds {
    stream: DuplexStream,
    held: Vec<u8>,
}

impl AsyncRead for Holds {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Holds {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let held = std::mem::take(&mut self.held);
        pin!(self.stream.write_all(&held)).poll(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.as_mut().poll_flush(cx)?;
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[test]
fn what_was_copied_is_flushed_before_more_is_waited_for() {
    let (mut client, mut left) = duplex(16);
    let (stream, mut server) = duplex(16);
    let mut right = Holds {
        stream,
        held: Vec::new(),
    };
    let mut copy = pin!(copy_bidirectional(&mut left, &mut right));
    assert!(poll(pin!(client.write_all(b"question"))).is_ready());
    assert!(poll(copy.as_mut()).is_pending());
    assert!(matches!(
        poll(pin!(server.read(&mut [0; 16]))),
        Poll::Ready(Ok(8))
    ));
}

#[test]
fn an_error_in_one_direction_ends_the_copy() {
    let (mut client, mut left) = duplex(16);
    let (mut right, server) = duplex(16);
    drop(server);
    let mut copy = pin!(copy_bidirectional(&mut left, &mut right));
    assert!(poll(pin!(client.write_all(b"question"))).is_ready());
    match poll(copy.as_mut()) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::BrokenPipe),
        other => panic!("{other:?}"),
    }
}

/// Always ready, in both directions.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_copy_that_never_waits_lets_other_tasks_run() {
    let _watchdog = Watchdog::new("a task beside an endless copy", Duration::from_secs(30));
    reveille::block_on(async {
        let copy = reveille::spawn(async { copy_bidirectional(&mut Endless, &mut Endless).await.map(drop) });
        for _ in 0..10 {
            reveille::spawn(async {}).await.unwrap();
        }
        copy.abort();
        assert!(copy.await.unwrap_err().is_cancelled());
    });
}

#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_full_duplex_makes_the_writer_wait_and_a_read_wakes_it() {
    let (mut one, mut other) = duplex(4);
    let counts = Arc::new(Counts::default());
    let waker = Waker::from(counts.clone());
    let cx = &mut Context::from_waker(&waker);
    assert!(matches!(
        Pin::new(&mut one).poll_write(cx, b"abcdef"),
        Poll::Ready(Ok(4))
    ));
    assert!(Pin::new(&mut one).poll_write(cx, b"ef").is_pending());
    assert_eq!(counts.0.load(Ordering::SeqCst), 0);
    let mut buffer = [0; 3];
    assert!(matches!(poll(pin!(other.read(&mut buffer))), Poll::Ready(Ok(3))));
    assert_eq!(counts.0.load(Ordering::SeqCst), 1);
    assert!(matches!(
        Pin::new(&mut one).poll_write(cx, b"ef"),
        Poll::Ready(Ok(2))
    ));

    // A dropped end wakes who waits at the other one, and leaves no waker behind.
    assert!(Pin::new(&mut one).poll_read(cx, &mut buffer).is_pending());
    drop(other);
    assert_eq!(counts.0.load(Ordering::SeqCst), 2);
    assert!(matches!(
        Pin::new(&mut one).poll_read(cx, &mut buffer),
        Poll::Ready(Ok(0))
    ));
    match Pin::new(&mut one).poll_write(cx, b"x") {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::BrokenPipe),
        other => panic!("{other:?}"),
    }
    drop((one, waker));
    assert_eq!(Arc::strong_count(&counts), 1);
}

#[test]
fn a_duplex_carries_everything_from_thread_to_thread() {
    let _watchdog = Watchdog::new("a duplex", Duration::from_secs(30));
    let (mut one, mut other) = duplex(7);
    let sent: Vec<u8> = (0..20_000_u32).map(|number| (number % 251) as u8).collect();
    let writer = std::thread::spawn({
        let sent = sent.clone();
        move || pollster::block_on(async { one.write_all(&sent).await })
    });
    let mut received = Vec::new();
    reveille::block_on(other.read_to_end(&mut received)).unwrap();
    writer.join().unwrap().unwrap();
    assert!(received == sent);
}

const CHILD: &str = "REVEILLE_TEST_STDIO_CHILD";

#[test]
fn the_standard_streams_of_a_process() {
    let _watchdog = Watchdog::new("the standard streams", Duration::from_secs(60));
    if std::env::var_os(CHILD).is_some() {
        return reveille::block_on(converse()).unwrap();
    }
    let name = "the_standard_streams_of_a_process";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"first line\nsecond ").unwrap();
    input.write_all(b"line\nthe rest").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(output.status.success(), "{err}");
    assert!(
        out.contains("FIRST LINE\nSECOND LINE\n") && out.contains(&"#".repeat(200_000)),
        "{out}"
    );
    assert!(err.contains("left: the rest"), "{err}");
}

/// What the child does.
async fn converse() -> io::Result<()> {
    let (mut input, mut output, mut error) = (stdin(), stdout(), stderr());
    for _ in 0..2 {
        let mut line = String::new();
        input.read_line(&mut line).await?;
        output.write_all(line.to_uppercase().as_bytes()).await?;
    }
    // More than one job writes.
    output.write_all("#".repeat(200_000).as_bytes()).await?;
    output.flush().await?;
    let mut rest = String::new();
    input.read_to_string(&mut rest).await?;
    error.write_all(format!("left: {rest}\n").as_bytes()).await?;
    error.close().await
}

#[test]
fn outside_a_runtime_the_standard_streams_are_errors_that_say_why() {
    let error = pollster::block_on(stdout().write_all(b"x")).unwrap_err();
    assert!(error.to_string().contains("block_on"), "{error}");
    assert!(pollster::block_on(stdin().read(&mut [0; 1])).is_err());
}

#[test]
fn copying_says_how_far_it_is_and_refuses_to_copy_by_nothing() {
    let ((mut one, _far), (mut other, _end)) = (duplex(8), duplex(8));
    let copy = copy_bidirectional(&mut one, &mut other);
    assert_eq!(
        format!("{copy:?}"),
        "CopyBidirectional { a_to_b: 0, b_to_a: 0, .. }"
    );
    drop(copy);
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(copy_bidirectional_with_sizes(&mut one, &mut other, 0, 8));
    }));
    let said = *refused.unwrap_err().downcast::<&str>().unwrap();
    assert!(said.contains("ask for at least one"), "{said}");
}
