//! Sockets are what the loop waits for: readiness, and a reactor that wakes whoever it concerns. Chapter 7 of the book.
//!
//! ```console
//! $ cargo run --example ch07_reactor
//! $ cargo run --example ch07_reactor -- --trace trace.html      # the exchange as the recorder's page; also .json
//! ```

mod join;
mod reactor;
mod runtime;
mod socket;
#[allow(dead_code, reason = "other chapters have more to tell")]
#[path = "../story.rs"]
mod story;
mod timers;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{self, Ipv4Addr, SocketAddr};
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Token};

use join::{JoinHandle, promise};
use runtime::{Told, block_on, current, spawn};
use socket::{Listener, Stream};
use timers::timeout;

fn main() -> ExitCode {
    story::told(|| {
        read_until_it_would_block()?;
        show_one_exchange()?;
        write_to_who_does_not_read()?;
        serve_threads()?;
        poll_without_a_reactor()
    })
}

// ANCHOR: edge
/// What the system says of a socket, asked without a runtime.
fn read_until_it_would_block() -> io::Result<()> {
    println!("what the system reports:");
    let (mut peer, socket) = connected()?;
    socket.set_nonblocking(true)?;
    let mut socket = mio::net::TcpStream::from_std(socket);
    let mut poll = mio::Poll::new()?;
    poll.registry()
        .register(&mut socket, Token(1), Interest::READABLE)?;
    let mut buffer = [0; 6];

    peer.write_all(b"one long word")?;
    println!("    13 bytes were sent: {}", report(&mut poll, None)?);
    println!("    read: {:?}", kind(socket.read(&mut buffer)));
    // A look, not a wait: this one would be without end.
    println!("    asked again: {}", report(&mut poll, Some(Duration::ZERO))?);
    println!("    and yet: {:?}", kind(socket.peek(&mut [0; 16])));

    for _ in 0..3 {
        println!("    read: {:?}", kind(socket.read(&mut buffer)));
    }
    peer.write_all(b"more")?;
    println!("    4 more were sent: {}", report(&mut poll, None)?);
    Ok(())
}
// ANCHOR_END: edge

fn report(poll: &mut mio::Poll, timeout: Option<Duration>) -> io::Result<String> {
    let mut events = Events::with_capacity(8);
    // Again if a signal has ended the wait.
    while let Err(error) = poll.poll(&mut events, timeout) {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let mut reports = events
        .iter()
        .map(|event| format!("token {} is readable", event.token().0));
    Ok(reports.next().unwrap_or_else(|| "nothing".to_owned()))
}

fn kind<T>(outcome: io::Result<T>) -> Result<T, ErrorKind> {
    outcome.map_err(|error| error.kind())
}

// ANCHOR: exchange
fn show_one_exchange() -> io::Result<()> {
    println!("one exchange:");
    let (socket, peer) = connected()?;
    let lengths: io::Result<_> = block_on(Told::Aloud, async {
        let echo = spawn("echo", async { echo(Stream::from_std(socket)?).await });
        let client = spawn("client", async {
            let mut stream = Stream::from_std(peer)?;
            stream.write_all(b"hello").await?;
            stream.read(&mut [0; 16]).await
        });
        Ok((client.await?, echo.await?))
    })?;
    let (received, echoed) = lengths?;
    println!("    echoed: {echoed} bytes, received: {received}");
    Ok(())
}

/// Sends back whatever comes, until the end; how many bytes.
async fn echo(mut stream: Stream) -> io::Result<usize> {
    let mut buffer = [0; 1024];
    let mut echoed = 0;
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..length]).await?;
        echoed += length;
    }
}
// ANCHOR_END: exchange

// ANCHOR: full
const PIECE: usize = 64 * 1024;
const PIECES: usize = 1024;

fn write_to_who_does_not_read() -> io::Result<()> {
    println!("64 MiB for somebody who does not read:");
    let (socket, mut peer) = connected()?;
    block_on(Told::Silently, async {
        let mut writer = spawn("writer", async {
            let mut stream = Stream::from_std(socket)?;
            let piece = vec![1; PIECE];
            for _ in 0..PIECES {
                stream.write_all(&piece).await?;
            }
            io::Result::Ok(())
        });
        let done = timeout(Duration::from_millis(5), &mut writer).await;
        assert!(done.is_none(), "the system has room for all of it");
        println!("    after 5 ms it waits");
        let reader = on_a_thread(move || io::copy(&mut peer, &mut io::sink()));
        writer.await?;
        println!("    then somebody reads: {} MiB", reader.await? >> 20);
        Ok(())
    })?
}
// ANCHOR_END: full

// ANCHOR: serve
const CLIENTS: usize = 3;
const ECHOES: usize = 4;

fn serve_threads() -> io::Result<()> {
    block_on(Told::Silently, async {
        let mut listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.address()?;
        println!("{CLIENTS} clients on threads of their own:");
        let patience = Duration::from_millis(5);
        let start = Instant::now();
        let nobody = timeout(patience, listener.accept()).await;
        assert!(start.elapsed() >= patience, "a sleep was early");
        println!("    before they start, for 5 ms: {}", was_it(nobody.is_some()));

        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| on_a_thread(move || client(address, number)))
            .collect();
        let mut connections = Vec::new();
        for _ in 0..CLIENTS {
            let stream = listener.accept().await?;
            connections.push(spawn("connection", echo(stream)));
        }
        for (number, client) in clients.into_iter().enumerate() {
            println!("    client {number}: {} echoes", client.await?);
        }
        let mut echoed = 0;
        for connection in connections {
            echoed += connection.await?;
        }
        println!("    the server has echoed {echoed} bytes");
        println!("    registered sockets: {}", current().sockets.len());
        drop(listener);
        println!("    and without the listener: {}", current().sockets.len());
        Ok(())
    })?
}

/// Blocks as it likes: it has a thread.
fn client(address: SocketAddr, number: usize) -> io::Result<usize> {
    let mut stream = net::TcpStream::connect(address)?;
    let message = format!("this is client {number}");
    let mut echo = vec![0; message.len()];
    for _ in 0..ECHOES {
        stream.write_all(message.as_bytes())?;
        stream.read_exact(&mut echo)?;
        assert_eq!(echo, message.as_bytes());
    }
    Ok(ECHOES)
}

/// As in chapter 5. When the thread is done it rings the bell.
fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let (promise, handle) = promise();
    thread::spawn(move || promise.keep(work()));
    handle
}
// ANCHOR_END: serve

fn was_it(accepted: bool) -> &'static str {
    if accepted { "a connection" } else { "no connection" }
}

// ANCHOR: outside
fn poll_without_a_reactor() -> io::Result<()> {
    println!("polled outside of block_on:");
    let (mut peer, socket) = connected()?;
    peer.write_all(b"hello")?;
    // Waits until it is there.
    socket.peek(&mut [0])?;
    let mut stream = Stream::from_std(socket)?;
    println!("    with bytes there: {}", poll_a_read(&mut stream));
    println!("    with none there: {}", poll_a_read(&mut stream));
    Ok(())
}

fn poll_a_read(stream: &mut Stream) -> String {
    let mut buffer = [0; 16];
    let mut read = pin!(stream.read(&mut buffer));
    let mut cx = Context::from_waker(Waker::noop());
    let usual = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let polled = panic::catch_unwind(AssertUnwindSafe(|| read.as_mut().poll(&mut cx)));
    panic::set_hook(usual);
    match polled {
        Ok(Poll::Ready(outcome)) => format!("Ready({:?})", kind(outcome)),
        Ok(Poll::Pending) => "Pending".to_owned(),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            format!("a panic: {}", text.expect("it has a text"))
        }
    }
}
// ANCHOR_END: outside

/// Both ends of a connection, still in blocking mode.
fn connected() -> io::Result<(net::TcpStream, net::TcpStream)> {
    let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = net::TcpStream::connect(listener.local_addr()?)?;
    let (another, _) = listener.accept()?;
    Ok((one, another))
}
