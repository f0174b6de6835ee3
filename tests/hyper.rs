//! hyper over the sockets and timers of this runtime.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hyper::body::{Body, Incoming};
use hyper::rt::{Read, ReadBuf, Timer, Write};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use reveille::hyper::{HyperExecutor, HyperTimer};
use reveille::net::{TcpListener, TcpStream, tcp};

mod watchdog;
use watchdog::Watchdog;

/// All of a body.
async fn read_all(body: Incoming) -> Vec<u8> {
    let mut body = pin!(body);
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        all.extend_from_slice(&frame.unwrap().into_data().unwrap_or_default());
    }
    all
}

async fn echo(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let text = String::from_utf8(read_all(request.into_body()).await).unwrap();
    Ok(Response::new(text))
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(HyperTimer)
            .header_read_timeout(Duration::from_secs(5))
            .serve_connection(stream, service_fn(echo));
        drop(reveille::spawn(connection));
    }
}

#[test]
fn http_1_goes_both_ways_on_one_thread_and_on_several() -> io::Result<()> {
    use reveille::runtime::Builder;

    let _watchdog = Watchdog::new("http/1", Duration::from_secs(30));
    let text: String = "reveille ".repeat(50_000);
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(2),
    ] {
        let runtime = builder.build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            drop(reveille::spawn(serve(listener)));

            let stream = TcpStream::connect(address).await?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
            drop(reveille::spawn(connection));
            for _ in 0..3 {
                sender.ready().await.unwrap();
                let request = Request::post("/").header("host", "localhost").body(text.clone());
                let response = sender.send_request(request.unwrap()).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                assert!(read_all(response.into_body()).await == text.as_bytes());
            }
            io::Result::Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_client_that_sends_no_header_is_closed_in_time() -> io::Result<()> {
    let _watchdog = Watchdog::new("the timeout of a header", Duration::from_secs(30));
    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let silent = TcpStream::connect(listener.local_addr()?).await?;
        let (stream, _) = listener.accept().await?;
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(HyperTimer)
            .header_read_timeout(Duration::from_millis(10))
            .serve_connection(stream, service_fn(echo));
        let error = connection.await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(silent.read(&mut [0; 16]).await?, 0);
        Ok(())
    })
}

#[test]
fn a_sleep_is_reset_in_place_and_one_of_another_timer_is_replaced() {
    let _watchdog = Watchdog::new("a sleep that was reset", Duration::from_secs(30));
    let mut sleep = HyperTimer.sleep(Duration::from_secs(3600));
    let place = &raw const *sleep as *const ();
    reveille::block_on(async {
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(cx).is_pending());
        HyperTimer.reset(&mut sleep, HyperTimer.now() + Duration::from_millis(1));
        assert_eq!(&raw const *sleep as *const (), place);
        sleep.as_mut().await;

        let mut other: Pin<Box<dyn hyper::rt::Sleep>> = Box::pin(Never);
        HyperTimer.reset(&mut other, Instant::now());
        other.await;
    });
}

struct Never;

impl hyper::rt::Sleep for Never {}

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

#[test]
fn a_read_fills_up_what_the_buffer_has_left() -> io::Result<()> {
    let _watchdog = Watchdog::new("two reads", Duration::from_secs(30));
    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut client = TcpStream::connect(listener.local_addr()?).await?;
        let (server, _) = listener.accept().await?;
        let mut memory = [const { std::mem::MaybeUninit::uninit() }; 8];
        let mut buffer = ReadBuf::uninit(&mut memory);
        for text in [&b"hello"[..], b" world"] {
            server.write_all(text).await?;
            poll_fn(|cx| Read::poll_read(Pin::new(&mut client), cx, buffer.unfilled())).await?;
        }
        assert_eq!(buffer.filled(), b"hello wo");
        // There is no room left: nothing is read, and that is no end.
        poll_fn(|cx| Read::poll_read(Pin::new(&mut client), cx, buffer.unfilled())).await?;
        assert_eq!(buffer.filled().len(), 8);
        Ok(())
    })
}

#[cfg(unix)]
#[test]
fn a_pipe_fills_up_what_the_buffer_has_left() -> io::Result<()> {
    let _watchdog = Watchdog::new("a pipe", Duration::from_secs(30));
    reveille::block_on(async {
        let (mut sender, mut receiver) = reveille::net::unix::pipe::pipe()?;
        let mut memory = [const { std::mem::MaybeUninit::uninit() }; 8];
        let mut buffer = ReadBuf::uninit(&mut memory);
        for text in [&b"hello"[..], b" world"] {
            let written = poll_fn(|cx| Write::poll_write(Pin::new(&mut sender), cx, text)).await?;
            assert_eq!(written, text.len());
            poll_fn(|cx| Read::poll_read(Pin::new(&mut receiver), cx, buffer.unfilled())).await?;
        }
        assert_eq!(buffer.filled(), b"hello wo");
        Ok(())
    })
}

#[test]
fn http_1_goes_through_a_stream_in_memory() -> io::Result<()> {
    let _watchdog = Watchdog::new("http/1 in memory", Duration::from_secs(30));
    reveille::block_on(async {
        let (client, server) = reveille::io::duplex(64);
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(server, service_fn(echo));
        drop(reveille::spawn(connection));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(client).await.unwrap();
        drop(reveille::spawn(connection));
        let text = "reveille ".repeat(1_000);
        let request = Request::post("/").header("host", "localhost").body(text.clone());
        let response = sender.send_request(request.unwrap()).await.unwrap();
        assert!(read_all(response.into_body()).await == text.as_bytes());
        Ok(())
    })
}

#[test]
fn the_standard_input_fills_up_what_the_buffer_has_left() {
    const CHILD: &str = "REVEILLE_STANDARD_INPUT_OF_HYPER";
    let _watchdog = Watchdog::new("the standard input", Duration::from_secs(60));
    if std::env::var_os(CHILD).is_some() {
        return reveille::block_on(async {
            let mut memory = [0; 8];
            let mut buffer = ReadBuf::new(&mut memory);
            buffer.unfilled().put_slice(b"> ");
            let mut input = reveille::io::stdin();
            while buffer.filled().len() < 8 {
                poll_fn(|cx| Pin::new(&mut input).poll_read(cx, buffer.unfilled()))
                    .await
                    .unwrap();
            }
            assert_eq!(buffer.filled(), b"> for hy");
        });
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_standard_input_fills_up_what_the_buffer_has_left"])
        .env(CHILD, "yes")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    io::Write::write_all(&mut child.stdin.take().unwrap(), b"for hyper").unwrap();
    assert!(child.wait().unwrap().success());
}

/// Writes two buffers as one, and closes; what the peer gets is that and the end.
async fn writes_and_closes(mut writer: impl Write + Unpin, peer: &TcpStream) -> io::Result<()> {
    assert!(writer.is_write_vectored());
    let bytes = [io::IoSlice::new(b"one"), io::IoSlice::new(b", two")];
    let written = poll_fn(|cx| Pin::new(&mut writer).poll_write_vectored(cx, &bytes)).await?;
    assert_eq!(written, 8);
    poll_fn(|cx| Pin::new(&mut writer).poll_flush(cx)).await?;
    poll_fn(|cx| Pin::new(&mut writer).poll_shutdown(cx)).await?;
    let mut received = [0; 16];
    let mut length = 0;
    loop {
        match peer.read(&mut received[length..]).await? {
            0 => break,
            more => length += more,
        }
    }
    assert_eq!(&received[..length], b"one, two");
    Ok(())
}

#[test]
fn every_form_of_a_stream_writes_and_closes() -> io::Result<()> {
    let _watchdog = Watchdog::new("closing by hyper's trait", Duration::from_secs(30));
    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let pair = async || -> io::Result<(TcpStream, TcpStream)> {
            let stream = TcpStream::connect(listener.local_addr()?).await?;
            Ok((stream, listener.accept().await?.0))
        };
        let (stream, peer) = pair().await?;
        writes_and_closes(stream, &peer).await?;
        let (stream, peer) = pair().await?;
        writes_and_closes(&stream, &peer).await?;
        let (mut stream, peer) = pair().await?;
        writes_and_closes(stream.split().1, &peer).await?;
        let (stream, peer) = pair().await?;
        writes_and_closes(stream.into_split().1, &peer).await
    })
}

#[test]
fn the_types_are_what_hyper_asks_for() {
    fn connection<T: Read + Write + Unpin + Send + 'static>() {}
    fn reads<T: Read + Unpin + Send>() {}
    fn writes<T: Write + Unpin + Send>() {}
    fn executor<E: hyper::rt::Executor<Pin<Box<dyn Future<Output = ()> + Send>>> + Clone + Send + Sync>() {}
    connection::<TcpStream>();
    connection::<reveille::io::DuplexStream>();
    reads::<reveille::io::Stdin>();
    writes::<reveille::io::Stdout>();
    writes::<reveille::io::Stderr>();
    reads::<tcp::OwnedReadHalf>();
    writes::<tcp::OwnedWriteHalf>();
    reads::<tcp::ReadHalf<'_>>();
    writes::<tcp::WriteHalf<'_>>();
    executor::<HyperExecutor>();
}

#[test]
fn hyper_spawns_by_the_executor() {
    let _watchdog = Watchdog::new("a task of hyper's", Duration::from_secs(30));
    reveille::block_on(async {
        let (sender, receiver) = std::sync::mpsc::channel();
        hyper::rt::Executor::execute(&HyperExecutor, async move { sender.send("spawned").unwrap() });
        reveille::task::yield_now().await;
        assert_eq!(receiver.try_recv(), Ok("spawned"));
    });
}
