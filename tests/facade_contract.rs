//! The public surface, used as an application or a library would. This file is only ever added to: what compiles and
//! runs here today does so in every later version.

use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}
fn is_unpin<T: Unpin>() {}
fn is_debug<T: std::fmt::Debug>() {}
fn is_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn block_on_runs_a_future_that_borrows_and_is_not_send() {
    let text = Rc::new(String::from("reveille"));
    let length = reveille::block_on(async { text.len() });
    assert_eq!(length, 8);
}

#[test]
fn runtime() -> io::Result<()> {
    use reveille::runtime::{Builder, Handle, NestedBlockOn, Runtime};

    is_send::<Runtime>();
    is_sync::<Runtime>();
    is_debug::<Runtime>();
    is_send::<Handle>();
    is_sync::<Handle>();
    is_error::<NestedBlockOn>();

    let runtime: Runtime = Builder::current_thread().build()?;
    let borrowed = [1, 2, 3];
    assert_eq!(runtime.block_on(async { borrowed.iter().sum::<i32>() }), 6);

    let handle: Handle = runtime.handle().clone();
    let task = handle.spawn(async { "from outside" });
    assert_eq!(runtime.block_on(task).unwrap(), "from outside");

    let guard = runtime.enter();
    assert!(Handle::try_current().is_some());
    let task = reveille::spawn(async { 1 });
    drop(guard);
    assert!(Handle::try_current().is_none());
    assert_eq!(runtime.block_on(task).unwrap(), 1);

    runtime.block_on(async {
        let current = Handle::current();
        assert_eq!(current.spawn(async { 2 }).await.unwrap(), 2);
        let nested: Result<(), NestedBlockOn> = runtime.try_block_on(async {});
        assert!(nested.is_err());
    });
    assert!(!reveille::runtime::is_shutdown(&io::Error::other(
        "something else"
    )));
    Ok(())
}

#[test]
fn tasks() {
    use reveille::task::{self, Id, JoinError, JoinHandle, TrySpawnError};

    is_send::<JoinHandle<()>>();
    is_sync::<JoinHandle<()>>();
    is_unpin::<JoinHandle<()>>();
    is_debug::<JoinHandle<()>>();
    is_error::<JoinError>();

    assert!(matches!(task::try_spawn(async {}), Err(TrySpawnError { .. })));
    reveille::block_on(async {
        let handle: JoinHandle<i32> = reveille::spawn(async { 1 });
        let id: Id = handle.id();
        assert_ne!(id, task::spawn(async {}).id());
        assert!(!handle.is_finished());
        assert_eq!(handle.await.unwrap(), 1);

        let shared = Rc::new(5);
        let local = task::spawn_local({
            let shared = shared.clone();
            async move {
                task::yield_now().await;
                *shared
            }
        });
        assert_eq!(local.await.unwrap(), 5);

        let aborted = task::spawn(std::future::pending::<()>());
        aborted.abort();
        let error: JoinError = aborted.await.unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic());
        assert!(error.try_into_panic().is_err());

        let panics = task::spawn(async { panic!("on purpose") });
        let id = panics.id();
        let error = panics.await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.id(), id);
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "on purpose");

        drop(task::spawn(async {}));
    });
}

#[test]
fn time() {
    use reveille::time::error::Elapsed;
    use reveille::time::{
        Instant, Interval, MissedTickBehavior, Sleep, Timeout, interval, interval_at, sleep, sleep_until,
        timeout, timeout_at,
    };

    is_send::<Sleep>();
    is_sync::<Sleep>();
    is_error::<Elapsed>();
    is_send::<Interval>();

    const MILLISECOND: Duration = Duration::from_millis(1);
    reveille::block_on(async {
        let start = Instant::now();
        sleep(MILLISECOND).await;
        assert!(start.elapsed() >= MILLISECOND);
        sleep_until(start + 2 * MILLISECOND).await;
        assert!(Instant::now() - start >= 2 * MILLISECOND);

        let elapsed: Result<(), Elapsed> = timeout(MILLISECOND, std::future::pending()).await;
        assert!(elapsed.is_err());
        assert_eq!(timeout_at(Instant::now(), async { 1 }).await, Ok(1));
        let timed: Timeout<_> = timeout(Duration::MAX, async { 2 });
        assert_eq!(timed.await, Ok(2));

        let mut sleeping = sleep(Duration::from_secs(3600));
        assert!(!sleeping.is_elapsed());
        let near = Instant::now() + MILLISECOND;
        Pin::new(&mut sleeping).reset(near);
        assert_eq!(sleeping.deadline(), near);
        (&mut sleeping).await;
        assert!(sleeping.is_elapsed());

        let mut ticks: Interval = interval(MILLISECOND);
        assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Burst);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let first: Instant = ticks.tick().await;
        assert!(ticks.tick().await > first);
        assert_eq!(ticks.period(), MILLISECOND);
        let later = Instant::now() + MILLISECOND;
        assert_eq!(interval_at(later, MILLISECOND).tick().await, later);

        let std_instant: std::time::Instant = start.into_std();
        assert_eq!(Instant::from_std(std_instant), start);
    });
}

#[test]
fn tcp() -> io::Result<()> {
    use reveille::io::{AsyncReadExt, AsyncWriteExt, Interest, Ready};
    use reveille::net::{TcpListener, TcpStream, tcp};

    is_send::<TcpStream>();
    is_sync::<TcpStream>();
    is_unpin::<TcpStream>();
    is_debug::<TcpStream>();
    is_send::<TcpListener>();
    is_sync::<TcpListener>();

    reveille::block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address: SocketAddr = listener.local_addr()?;
        let client = TcpStream::connect(address).await?;
        let (mut server, peer): (TcpStream, SocketAddr) = listener.accept().await?;
        assert_eq!(peer, client.local_addr()?);
        assert_eq!(client.peer_addr()?, address);
        client.set_nodelay(true)?;
        assert!(client.nodelay()?);

        // By reference, as named futures.
        client.writable().await?;
        let written: usize = client.write(b"he").await?;
        client.write_all(&b"hello"[written..]).await?;
        let mut peeked = [0; 1];
        assert_eq!(server.peek(&mut peeked).await?, 1);
        server.readable().await?;
        let mut buffer = [0; 5];
        server.read_exact(&mut buffer).await?;
        assert_eq!(&buffer, b"hello");
        let ready: Ready = server.ready(Interest::WRITABLE).await?;
        assert!(ready.is_writable());
        assert_eq!(
            server.try_read(&mut buffer).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        assert_eq!(server.try_write(b"ok")?, 2);
        assert_eq!(client.read(&mut buffer).await?, 2);

        // Through the traits, on the stream and on a reference to it.
        AsyncWriteExt::write_all(&mut server, b"one").await?;
        let mut three = [0; 3];
        AsyncReadExt::read_exact(&mut &client, &mut three).await?;
        assert_eq!(&three, b"one");

        let (read, write): (tcp::ReadHalf<'_>, tcp::WriteHalf<'_>) = server.split();
        write.write_all(b"two").await?;
        client.read_exact(&mut three).await?;
        client.write_all(b"x").await?;
        assert_eq!(read.read(&mut three).await?, 1);

        let (read, write): (tcp::OwnedReadHalf, tcp::OwnedWriteHalf) = server.into_split();
        let server = read.reunite(write).unwrap();
        let (read, write) = server.into_split();
        drop(write);
        assert_eq!(
            client.read(&mut three).await?,
            0,
            "dropping the owned write half sends FIN"
        );
        drop(read);
        client.shutdown(Shutdown::Write)?;

        // Outside any runtime, from blocking sockets.
        let listener = TcpListener::from_std(std::net::TcpListener::bind("127.0.0.1:0")?)?;
        let stream = TcpStream::from_std(std::net::TcpStream::connect(listener.local_addr()?)?)?;
        listener.accept().await?;
        let _: std::net::TcpStream = stream.into_std()?;
        Ok(())
    })
}

#[test]
fn tcp_sockets() -> io::Result<()> {
    use reveille::net::{TcpListener, TcpSocket, TcpStream, tcp::TcpKeepalive};

    is_send::<TcpSocket>();
    is_sync::<TcpSocket>();
    is_debug::<TcpSocket>();
    reveille::block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        assert!(socket.reuseaddr()?);
        socket.set_recv_buffer_size(64 << 10)?;
        let _: u32 = socket.recv_buffer_size()?;
        socket.set_send_buffer_size(64 << 10)?;
        let _: u32 = socket.send_buffer_size()?;
        socket.bind("127.0.0.1:0".parse().unwrap())?;
        let listener: TcpListener = socket.listen(1024)?;

        let socket = TcpSocket::new_v4()?;
        socket.set_keepalive(true)?;
        assert!(socket.keepalive()?);
        socket.set_nodelay(true)?;
        assert!(socket.nodelay()?);
        let stream: TcpStream = socket.connect(listener.local_addr()?).await?;
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(60))
            .with_interval(Duration::from_secs(10))
            .with_retries(3);
        stream.set_tcp_keepalive(&keepalive)?;
        let _: TcpKeepalive = stream.tcp_keepalive()?;
        stream.set_linger(Some(Duration::from_secs(1)))?;
        assert_eq!(stream.linger()?, Some(Duration::from_secs(1)));
        stream.set_zero_linger()?;
        stream.set_ttl(64)?;
        assert_eq!(stream.ttl()?, 64);
        assert!(stream.take_error()?.is_none());

        let interest = reveille::io::Interest::WRITABLE;
        let sent: usize = stream.async_io(interest, || stream.try_write(b"x")).await?;
        assert_eq!(sent, 1);
        Ok(())
    })
}

#[test]
fn incoming() -> io::Result<()> {
    use futures_lite::StreamExt;
    use reveille::net::{AcceptPolicy, Incoming, TcpListener, TcpStream};

    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let policy = AcceptPolicy::new()
            .first_wait(Duration::from_millis(1))
            .longest_wait(Duration::from_millis(100))
            .report_every(Duration::from_secs(60))
            .on_shortage(|_: &io::Error| {});
        let mut incoming: Incoming<'_, TcpListener> = listener.incoming(policy);
        let first = TcpStream::connect(address).await?;
        let (_, from): (TcpStream, SocketAddr) = incoming.next().await.unwrap()?;
        assert_eq!(from, first.local_addr()?);
        let second = TcpStream::connect(address).await?;
        let (_, from) = incoming.accept().await?;
        assert_eq!(from, second.local_addr()?);
        let _ = listener.incoming(AcceptPolicy::default());
        Ok(())
    })
}

#[test]
fn udp() -> io::Result<()> {
    use reveille::net::UdpSocket;

    reveille::block_on(async {
        let first = UdpSocket::bind("127.0.0.1:0").await?;
        let second = UdpSocket::bind("127.0.0.1:0").await?;
        first.send_to(b"ping", second.local_addr()?).await?;
        let mut buffer = [0; 16];
        let (count, from) = second.recv_from(&mut buffer).await?;
        assert_eq!((&buffer[..count], from), (&b"ping"[..], first.local_addr()?));
        second.connect(from).await?;
        second.send(b"pong").await?;
        assert_eq!(first.recv(&mut buffer).await?, 4);
        Ok(())
    })
}

#[test]
fn udp_for_transports() -> io::Result<()> {
    use std::sync::Arc;

    use reveille::io::Interest;
    use reveille::net::{Received, UdpSocket, future::WritableOwned};

    is_send::<WritableOwned>();
    reveille::block_on(async {
        let first = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
        let second = UdpSocket::bind("127.0.0.1:0").await?;
        let writable: WritableOwned = first.writable_owned();
        writable.await?;
        let target = second.local_addr()?;
        first
            .async_io(Interest::WRITABLE, || first.try_send_to(b"ping", target))
            .await?;
        // On Windows a message that is cut off is an error.
        let room = if cfg!(windows) { 4 } else { 2 };
        let received: Received<SocketAddr> = second.recv_msg(&mut [0; 4][..room]).await?;
        assert_eq!((received.length, received.from), (room, first.local_addr()?));
        assert_eq!(received.truncated, room < 4);
        Ok(())
    })
}

#[cfg(unix)]
#[test]
fn unix_sockets() -> io::Result<()> {
    use reveille::net::unix::{
        OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, SocketAddr, UCred, WriteHalf,
    };
    use reveille::net::{UnixDatagram, UnixListener, UnixStream};

    is_send::<UnixStream>();
    is_sync::<UnixStream>();
    is_unpin::<UnixStream>();
    is_debug::<UnixStream>();
    is_error::<ReuniteError>();
    let path = std::env::temp_dir().join(format!("reveille-contract-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    reveille::block_on(async {
        let listener: UnixListener = UnixListener::bind(&path)?;
        let mut client: UnixStream = UnixStream::connect(&path).await?;
        let (server, from): (UnixStream, SocketAddr) = listener.accept().await?;
        std::fs::remove_file(&path)?;
        assert!(from.is_unnamed());
        let peer: UCred = server.peer_cred()?;
        assert_eq!(peer.uid(), client.peer_cred()?.uid());
        {
            let (reader, writer): (ReadHalf<'_>, WriteHalf<'_>) = client.split();
            writer.write_all(b"ping").await?;
            assert!(reader.try_read(&mut [0; 4]).is_err());
        }
        let (reader, writer): (OwnedReadHalf, OwnedWriteHalf) = server.into_split();
        assert_eq!(reader.read_exact(&mut [0; 4]).await?, 4);
        let server = reader.reunite(writer).map_err(io::Error::other)?;
        server.shutdown(Shutdown::Both)?;
        assert_eq!(client.read(&mut [0; 4]).await?, 0);

        let (here, there) = UnixDatagram::pair()?;
        here.send(b"message").await?;
        assert_eq!(there.recv(&mut [0; 16]).await?, 7);
        Ok(())
    })
}

#[cfg(unix)]
#[test]
fn unix_pipes() -> io::Result<()> {
    use reveille::net::unix::pipe::{self, OpenOptions, Receiver, Sender};

    is_send::<Sender>();
    is_sync::<Receiver>();
    is_unpin::<Receiver>();
    is_debug::<OpenOptions>();
    reveille::block_on(async {
        let (sender, receiver): (Sender, Receiver) = pipe::pipe()?;
        let reader = reveille::spawn(async move {
            let mut buffer = [0; 4];
            receiver.read_exact(&mut buffer).await.map(|_| buffer)
        });
        sender.write_all(b"ping").await?;
        assert_eq!(&reader.await.map_err(io::Error::other)??, b"ping");
        assert!(
            OpenOptions::new()
                .read_write(true)
                .open_receiver("/nowhere")
                .is_err()
        );
        Ok(())
    })
}

#[test]
fn look_ups() -> io::Result<()> {
    reveille::block_on(async {
        let addresses: Vec<SocketAddr> = reveille::net::lookup_host("127.0.0.1:80").await?.collect();
        assert_eq!(addresses, ["127.0.0.1:80".parse::<SocketAddr>().unwrap()]);
        Ok(())
    })
}

#[test]
fn what_holds_a_socket_or_a_sleep_may_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + std::fmt::Debug + 'static>() {}
    anywhere::<reveille::net::TcpListener>();
    anywhere::<reveille::net::TcpStream>();
    anywhere::<reveille::net::tcp::OwnedReadHalf>();
    anywhere::<reveille::net::tcp::OwnedWriteHalf>();
    anywhere::<reveille::net::UdpSocket>();
    anywhere::<reveille::time::Sleep>();
    anywhere::<reveille::time::Interval>();
    is_send::<reveille::time::Timeout<std::future::Pending<()>>>();
    is_sync::<reveille::time::Timeout<std::future::Pending<()>>>();
}

#[test]
fn io_traits_are_those_of_futures_io() {
    fn futures_lite_takes_it<T: futures_lite::AsyncRead + futures_lite::AsyncWrite + Unpin>() {}
    futures_lite_takes_it::<reveille::net::TcpStream>();
    futures_lite_takes_it::<&reveille::net::TcpStream>();

    reveille::block_on(async {
        use reveille::io::{AsyncBufReadExt, BufReader, Cursor};
        let mut line = String::new();
        BufReader::new(Cursor::new("a\nb"))
            .read_line(&mut line)
            .await
            .unwrap();
        assert_eq!(line, "a\n");
    });
}

#[test]
fn io_utilities() -> io::Result<()> {
    use reveille::io::{
        AsyncReadExt, AsyncWriteExt, BufWriter, DuplexStream, ReadHalf, Stderr, Stdin, Stdout, WriteHalf,
        copy, copy_bidirectional, copy_bidirectional_with_sizes, duplex, empty, repeat, sink, split, stderr,
        stdin, stdout,
    };

    is_send::<Stdin>();
    is_sync::<Stdin>();
    is_debug::<Stdin>();
    let (_, _, _): (Stdin, Stdout, Stderr) = (stdin(), stdout(), stderr());
    reveille::block_on(async {
        assert_eq!(copy(empty(), sink()).await?, 0);
        assert_eq!(copy(repeat(7).take(5), BufWriter::new(sink())).await?, 5);
        let (mut one, mut left): (DuplexStream, DuplexStream) = duplex(64);
        let (mut right, mut other) = duplex(64);
        one.write_all(b"there").await?;
        one.close().await?;
        other.close().await?;
        let copied: (u64, u64) = copy_bidirectional(&mut left, &mut right).await?;
        assert_eq!(copied, (5, 0));
        assert_eq!(
            copy_bidirectional_with_sizes(&mut left, &mut right, 1, 1).await?,
            (0, 0)
        );
        let (mut reader, _writer): (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>) = split(other);
        let mut text = String::new();
        reader.read_to_string(&mut text).await?;
        assert_eq!(text, "there");
        Ok(())
    })
}

#[cfg(unix)]
#[test]
fn ctrl_c_waits_for_the_signal() {
    let listening = reveille::signal::ctrl_c();
    let mut listening = std::pin::pin!(listening);
    let polled: Poll<io::Result<()>> = listening
        .as_mut()
        .poll(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_pending());
}

#[cfg(unix)]
#[test]
fn unix_signals() -> io::Result<()> {
    use reveille::signal::unix::{Signal, SignalKind, signal};

    is_send::<Signal>();
    is_sync::<Signal>();
    is_debug::<Signal>();
    let mut listener: Signal = signal(SignalKind::quit())?;
    let polled: Poll<Option<()>> = listener.poll_recv(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_pending());
    fn told(listener: &mut Signal) -> impl Future<Output = Option<()>> + '_ {
        listener.recv()
    }
    drop(told(&mut listener));
    let kinds = [
        SignalKind::alarm(),
        SignalKind::child(),
        SignalKind::hangup(),
        SignalKind::interrupt(),
        SignalKind::io(),
        SignalKind::pipe(),
        SignalKind::quit(),
        SignalKind::terminate(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
        SignalKind::window_change(),
    ];
    assert!(
        kinds
            .iter()
            .all(|kind| SignalKind::from_raw(kind.as_raw_value()) == *kind)
    );
    Ok(())
}

#[reveille::test]
async fn the_test_macro_runs_a_future() {
    reveille::task::yield_now().await;
}

#[reveille::test]
async fn the_test_macro_takes_a_result() -> io::Result<()> {
    reveille::time::sleep(Duration::from_millis(1)).await;
    Ok(())
}

mod main_macro {
    #[reveille::main(flavor = "current_thread")]
    async fn main() -> u8 {
        reveille::spawn(async { 7 }).await.unwrap()
    }

    #[test]
    fn the_main_macro_runs_a_future() {
        assert_eq!(main(), 7);
    }
}

#[test]
fn multi_thread_runtime() -> io::Result<()> {
    use reveille::runtime::{Builder, Handle, Runtime};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    is_debug::<Builder>();
    let calls = Arc::new([const { AtomicUsize::new(0) }; 4]);
    let count = |hook: usize| {
        let calls = calls.clone();
        move || {
            calls[hook].fetch_add(1, Ordering::SeqCst);
        }
    };
    let mut builder: Builder = Builder::multi_thread();
    builder
        .worker_threads(2)
        .thread_name("contract")
        .thread_stack_size(1 << 20)
        .on_thread_start(count(0))
        .on_thread_stop(count(1))
        .on_thread_park(count(2))
        .on_thread_unpark(count(3))
        .slow_poll_threshold(Duration::from_secs(3600));
    let runtime: Runtime = builder.build()?;
    let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    let name = runtime.block_on(name).unwrap();
    assert_eq!(name.as_deref(), Some("contract"));
    drop(runtime);
    let [started, stopped, parked, unparked] = [0, 1, 2, 3].map(|hook| calls[hook].load(Ordering::SeqCst));
    assert_eq!((started, stopped), (2, 2));
    assert_eq!(parked, unparked);

    // Many threads at once, each with a future that is not `Send` and borrows.
    let runtime = Runtime::new()?;
    let numbers = [1, 2, 3];
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (runtime, numbers) = (&runtime, &numbers);
            scope.spawn(move || {
                let shared = Rc::new(thread);
                let sum = runtime.block_on(async {
                    let sent = numbers.len();
                    reveille::spawn(async move { sent }).await.unwrap()
                        + reveille::task::spawn_local({
                            let shared = shared.clone();
                            async move { *shared }
                        })
                        .await
                        .unwrap()
                });
                assert_eq!(sum, 3 + thread);
            });
        }
    });

    let handle: Handle = runtime.handle().clone();
    assert_eq!(handle.block_on(async { Rc::new(4) }), Rc::new(4));
    assert!(handle.try_block_on(async {}).is_ok());
    let on_a_worker = runtime.spawn(async {
        let refused = Handle::current().try_block_on(async {}).is_err();
        let other = reveille::spawn(async { 5 });
        let answer = reveille::task::block_in_place(|| Handle::current().block_on(other).unwrap());
        (refused, answer)
    });
    assert_eq!(runtime.block_on(on_a_worker).unwrap(), (true, 5));
    let pinned = handle.spawn_on(0, || async { *Rc::new(6) });
    assert_eq!(runtime.block_on(pinned).unwrap(), 6);
    Ok(())
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_macro_takes_a_flavor() {
    let here = std::thread::current().id();
    let there = reveille::spawn(async { std::thread::current().id() })
        .await
        .unwrap();
    assert_ne!(here, there);
}

#[reveille::test(start_paused = true)]
async fn the_test_macro_takes_start_paused() {
    use reveille::time::{Instant, advance};

    let start = Instant::now();
    // It panics if the clock goes.
    advance(Duration::from_secs(3600)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3600));
}

#[reveille::test(start_paused = true, flavor = "multi_thread", worker_threads = 2)]
async fn paused_time_is_moved_held_and_let_go() {
    use reveille::time::{Advance, Hold, Instant, advance, hold, interval, pause, resume, sleep};

    let start = Instant::now();
    let held: Hold = hold();
    let there = reveille::spawn(sleep(Duration::from_secs(60)));
    let advancing: Advance = advance(Duration::from_secs(59));
    advancing.await;
    assert!(!there.is_finished());
    drop(held);
    there.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    resume();
    sleep(Duration::from_millis(1)).await;
    pause();
    let mut ticks = interval(Duration::from_secs(1));
    ticks.tick().await;
    assert_eq!(ticks.missed(), 0);
}

mod main_macro_by_default {
    /// Its future need not be `Send`.
    #[reveille::main]
    async fn main() -> bool {
        let here = std::rc::Rc::new(std::thread::current().id());
        let there = reveille::spawn(async { std::thread::current().id() })
            .await
            .unwrap();
        *here != there
    }

    #[reveille::main(worker_threads = 1)]
    async fn one_worker() -> bool {
        let thread = || async { std::thread::current().id() };
        reveille::spawn(thread()).await.unwrap() == reveille::spawn(thread()).await.unwrap()
    }

    #[test]
    fn the_main_macro_runs_tasks_on_threads_of_the_runtime() {
        assert!(main());
        assert!(one_worker());
    }
}

#[test]
fn handles_sets_and_scopes() {
    use reveille::task::{
        self, AbortHandle, AbortOnDropHandle, Builder, JoinError, JoinHandle, JoinSet, consume_budget, scope,
        spawn_blocking, spawn_local, try_scope, unconstrained, yield_now,
    };

    is_send::<AbortHandle>();
    is_sync::<AbortHandle>();
    is_debug::<AbortHandle>();
    is_send::<JoinSet<()>>();
    is_unpin::<AbortOnDropHandle<()>>();

    reveille::block_on(async {
        let handle: JoinHandle<()> = reveille::spawn(std::future::pending());
        let abort: AbortHandle = handle.abort_handle();
        assert_eq!(abort.id(), handle.id());
        assert!(!abort.is_finished());
        abort.clone().abort();
        let error: JoinError = handle.await.unwrap_err();
        assert!(error.is_cancelled());

        let on_drop = AbortOnDropHandle::new(reveille::spawn(async { 1 }));
        assert_eq!(on_drop.await.unwrap(), 1);
        let detached: JoinHandle<i32> = AbortOnDropHandle::new(reveille::spawn(async { 2 })).detach();
        assert_eq!(detached.await.unwrap(), 2);

        let named: JoinHandle<()> = Builder::new().name("named").spawn(async { panic!("text") });
        assert!(named.await.unwrap_err().to_string().contains("named"));
        let local = Builder::new().name("local").spawn_local(async { Rc::new(3) });
        assert_eq!(*local.await.unwrap(), 3);
        assert_eq!(*spawn_local(async { Rc::new(4) }).await.unwrap(), 4);
        assert_eq!(spawn_blocking(|| 5).await.unwrap(), 5);

        let mut set = JoinSet::new();
        let _: AbortHandle = set.spawn(async { 1 });
        set.spawn_on(async { 2 }, &reveille::runtime::Handle::current());
        set.spawn_local(async { 3 });
        set.spawn_blocking(|| 4);
        assert_eq!(set.len(), 4);
        let mut sum = 0;
        while let Some(joined) = set.join_next().await {
            sum += joined.unwrap();
        }
        assert_eq!(sum, 10);
        assert!(set.is_empty());
        assert!(set.try_join_next().is_none());
        set.spawn(std::future::pending());
        set.abort_all();
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        set.spawn(std::future::pending());
        set.shutdown().await;
        set.spawn(async { 6 });
        set.detach_all();
        let collected: JoinSet<i32> = (0..3).map(|n| async move { n }).collect();
        assert_eq!(collected.join_all().await.into_iter().sum::<i32>(), 3);

        let output = scope(|scope| async move {
            scope.spawn(async { yield_now().await });
            7
        });
        assert_eq!(output.await, 7);
        let failed: Result<(), &str> = try_scope(|scope| async move {
            scope.spawn(std::future::pending());
            scope.try_spawn(async { Err("first") });
            std::future::pending().await
        })
        .await;
        assert_eq!(failed, Err("first"));

        consume_budget().await;
        unconstrained(yield_now()).await;
        assert!(task::try_spawn(async {}).is_ok());
    });
}

#[cfg(unix)]
#[test]
fn source() -> io::Result<()> {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use reveille::io::{Interest, ReadyGuard, Source};

    is_send::<Source<UnixStream>>();
    is_sync::<Source<UnixStream>>();
    is_unpin::<Source<UnixStream>>();
    is_debug::<Source<UnixStream>>();

    let (ours, mut peer) = UnixStream::pair()?;
    let ours: Source<UnixStream> = Source::new(ours)?;
    reveille::block_on(async {
        let mut byte = [0];
        assert_eq!(ours.write_with(|mut stream| stream.write(b"x")).await?, 1);
        peer.write_all(b"yz")?;
        assert_eq!(ours.read_with(|mut stream| stream.read(&mut byte)).await?, 1);
        let guard: ReadyGuard<'_, UnixStream> = ours.readable().await?;
        assert_eq!(guard.try_io(|mut stream| stream.read(&mut byte)).unwrap()?, 1);
        let blocked: io::Error = guard
            .try_io(|mut stream| stream.read(&mut byte))
            .unwrap_err()
            .into();
        assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
        drop(ours.writable().await?);
        assert!(ours.ready(Interest::WRITABLE).await?.ready().is_writable());
        std::future::poll_fn(|cx| ours.poll_write_with(cx, |mut stream| stream.write(b"x"))).await?;
        assert!(ours.try_read_with(|mut stream| stream.read(&mut byte)).is_err());
        assert!(ours.try_io(Interest::READABLE, |_| Ok(())).is_err());
        ours.try_write_with(|mut stream| stream.write(b"x"))?;
        io::Result::Ok(())
    })?;
    let _ = ours.as_fd();
    let _: &UnixStream = ours.get_ref();
    let _: UnixStream = Source::new_nonblocking(ours.into_inner()?)?.into_inner()?;
    Ok(())
}

reveille::task_local! {
    static NUMBER: u32;
}

#[test]
fn task_local_values() {
    use reveille::task::{AccessError, LocalKey};

    is_error::<AccessError>();
    let key: &'static LocalKey<u32> = &NUMBER;
    reveille::block_on(async {
        NUMBER
            .scope(5, async {
                assert_eq!(NUMBER.get(), 5);
                assert_eq!(key.with(|number| *number), 5);
            })
            .await;
    });
    assert_eq!(NUMBER.sync_scope(6, || NUMBER.get()), 6);
    assert!(NUMBER.try_with(|number| *number).is_err());
}

#[test]
fn shutdown_and_metrics() -> io::Result<()> {
    use reveille::runtime::{Builder, Metrics, PanicPolicy, Runtime, ShutdownReport, SlowPoll};

    is_send::<ShutdownReport>();
    is_debug::<SlowPoll>();

    let runtime: Runtime = Builder::multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .thread_keep_alive(Duration::from_millis(10))
        .on_task_panic(PanicPolicy::LogIfUnjoined)
        .slow_poll_threshold(Duration::from_secs(1))
        .on_slow_poll(|_: &SlowPoll| ())
        .build()?;
    let here = runtime.handle().spawn_on(1, || async { *Rc::new(1) });
    assert_eq!(runtime.block_on(here).unwrap(), 1);
    assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 2)).unwrap(), 2);
    let before: Metrics = runtime.metrics();
    assert_eq!(before.workers.len(), 2);
    let _: Metrics = runtime.handle().metrics().since(&before);

    drop(runtime.spawn(std::future::pending::<()>()));
    let report: ShutdownReport = runtime.shutdown(Duration::from_secs(30));
    assert!(report.is_complete(), "{report}");
    assert!(report.tasks().is_empty());
    assert!(report.blocking_jobs().is_empty());

    Builder::current_thread().build()?.shutdown_background();
    Ok(())
}

#[test]
fn join_try_join_and_select() {
    use reveille::{join, select, try_join};

    reveille::block_on(async {
        let (one, two): (u8, &str) = join!(async { 1 }, std::future::ready("two"));
        assert_eq!((one, two), (1, "two"));
        assert_eq!(join!(biased; async { 3 }), (3,));
        let both: Result<(u8, u8), String> = try_join!(async { Ok(1) }, async { Ok(2) });
        assert_eq!(both, Ok((1, 2)));
        let failed: Result<((), u8), &str> =
            try_join!(biased; std::future::pending(), async { Err("failed") });
        assert_eq!(failed, Err("failed"));

        let number = select! {
            biased;
            None = async { Some(1) } => 1,
            Some(number) = async { Some(2) }, if one == 1 => { number }
            () = reveille::time::sleep(Duration::MAX), if false => 3,
            else => 4,
        };
        assert_eq!(number, 2);
        let first: u8 = reveille::select! {
            _ = std::future::pending::<()>() => 5,
            number = async { 6 } => number,
        };
        assert_eq!(first, 6);
    });
}

#[cfg(feature = "sync")]
#[test]
fn channels_and_locks() {
    use reveille::sync::channel::{
        Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, WeakReceiver, WeakSender,
        bounded, unbounded,
    };
    use reveille::sync::{
        Barrier, BarrierWaitResult, Mutex, MutexGuard, MutexGuardArc, OnceCell, RwLock, RwLockReadGuard,
        RwLockReadGuardArc, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc, RwLockWriteGuard,
        RwLockWriteGuardArc, Semaphore, SemaphoreGuard, SemaphoreGuardArc,
    };
    use std::sync::Arc;

    is_error::<SendError<()>>();
    is_error::<TrySendError<()>>();
    reveille::block_on(async {
        let (sender, receiver): (Sender<u8>, Receiver<u8>) = bounded(1);
        sender.send(1).await.unwrap();
        let (weak, weak_receiver): (WeakSender<u8>, WeakReceiver<u8>) =
            (sender.downgrade(), receiver.downgrade());
        assert_eq!(receiver.recv().await, Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        drop(sender);
        assert!(weak.upgrade().is_none());
        let ended: Result<u8, RecvError> = receiver.recv().await;
        assert!(ended.is_err());
        drop(receiver);
        assert!(weak_receiver.upgrade().is_none());
        assert!(unbounded().0.try_send(1).is_ok());

        let mutex = Arc::new(Mutex::new(1));
        let guard: MutexGuard<'_, u8> = mutex.lock().await;
        drop(guard);
        let _owned: MutexGuardArc<u8> = mutex.lock_arc().await;

        let lock = Arc::new(RwLock::new(1));
        let reading: RwLockReadGuard<'_, u8> = lock.read().await;
        let owned: RwLockReadGuardArc<u8> = lock.read_arc().await;
        drop((reading, owned));
        let upgradable: RwLockUpgradableReadGuard<'_, u8> = lock.upgradable_read().await;
        let writing: RwLockWriteGuard<'_, u8> = RwLockUpgradableReadGuard::upgrade(upgradable).await;
        drop(writing);
        let upgradable: RwLockUpgradableReadGuardArc<u8> = lock.upgradable_read_arc().await;
        let _writing: RwLockWriteGuardArc<u8> = RwLockUpgradableReadGuardArc::upgrade(upgradable).await;

        let semaphore = Arc::new(Semaphore::new(2));
        let _permit: SemaphoreGuard<'_> = semaphore.acquire().await;
        let _owned: SemaphoreGuardArc = semaphore.acquire_arc().await;
        let waited: BarrierWaitResult = Barrier::new(1).wait().await;
        assert!(waited.is_leader());
        assert_eq!(OnceCell::new().get_or_init(async || 1).await, &1);
    });
}

#[cfg(feature = "fs")]
#[test]
fn files() -> io::Result<()> {
    use reveille::fs::{
        self, DirBuilder, DirEntry, File, FileOperation, IntoStd, NextEntry, OpenOptions, Operation, ReadDir,
    };
    use reveille::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

    is_send::<File>();
    is_sync::<File>();
    is_unpin::<File>();
    is_debug::<File>();
    is_send::<Operation<()>>();
    is_send::<FileOperation<'_, ()>>();

    let folder = std::env::temp_dir().join(format!("reveille-contract-{}", std::process::id()));
    let text = reveille::block_on(async {
        DirBuilder::new().recursive(true).create(&folder).await?;
        let path = folder.join("file");
        let mut file: File = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .await?;
        file.write_all(b"text").await?;
        file.seek(io::SeekFrom::Start(0)).await?;
        let mut text = String::new();
        file.read_to_string(&mut text).await?;
        let synced: FileOperation<'_, ()> = file.sync_all();
        synced.await?;
        assert_eq!(file.metadata().await?.len(), 4);
        let back: IntoStd = file.into_std();
        drop(back.await);

        let mut entries: ReadDir = fs::read_dir(&folder).await?;
        let next: NextEntry<'_> = entries.next_entry();
        let entry: DirEntry = next.await?.unwrap();
        assert_eq!(entry.file_name(), "file");
        let read: Operation<Vec<u8>> = fs::read(&path);
        assert_eq!(read.await?, b"text");
        fs::remove_dir_all(&folder).await?;
        Ok::<_, io::Error>(text)
    })?;
    assert_eq!(text, "text");
    Ok(())
}

#[cfg(all(unix, feature = "process"))]
#[test]
fn processes() -> io::Result<()> {
    use reveille::io::{AsyncReadExt, AsyncWriteExt};
    use reveille::process::{
        Child, ChildStderr, ChildStdin, ChildStdout, CollectOutput, Command, Kill, Status, Wait,
        WaitWithOutput,
    };
    use std::process::Stdio;

    is_send::<Child>();
    is_sync::<Child>();
    is_debug::<Command>();
    is_send::<Wait<'_>>();
    is_send::<Kill<'_>>();

    reveille::block_on(async {
        let mut cat: Child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin: ChildStdin = cat.stdin.take().unwrap();
        let mut stdout: ChildStdout = cat.stdout.take().unwrap();
        let _stderr: ChildStderr = cat.stderr.take().unwrap();
        stdin.write_all(b"through").await?;
        drop(stdin);
        let mut text = String::new();
        stdout.read_to_string(&mut text).await?;
        assert_eq!(text, "through");
        let waits: Wait<'_> = cat.wait();
        assert!(waits.await?.success());
        assert!(cat.try_wait()?.is_some());

        let status: Status = Command::new("true").status();
        assert!(status.await?.success());
        let output: CollectOutput = Command::new("echo").arg("word").output();
        assert_eq!(output.await?.stdout, b"word\n");
        let mut sleeper = Command::new("sleep").arg("3600").spawn()?;
        assert!(sleeper.id().is_some());
        let kill: Kill<'_> = sleeper.kill();
        kill.await?;
        let collected: WaitWithOutput = Command::new("echo")
            .stdout(Stdio::piped())
            .spawn()?
            .wait_with_output();
        assert_eq!(collected.await?.stdout, b"\n");
        Ok(())
    })
}

#[cfg(feature = "compat")]
#[test]
fn a_runtime_of_tokio_s_is_found() {
    let task = reveille::compat(async { tokio::spawn(async { 7 }).await });
    assert_eq!(reveille::block_on(task).unwrap(), 7);
}
