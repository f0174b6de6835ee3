//! A first look: an echo server under 64 connections, and what it costs.
//!
//! ```console
//! $ cargo run --release --example tour             # for 8 seconds; `-- 20` for 20
//! ```
//!
//! This process is the server. It starts itself a second time as the client, so that the processor time of the two
//! can be told apart. Each of the client's tasks sends 64 bytes, waits for the reply, checks it, and sends the next.

use std::cell::Cell;
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use reveille::net::{TcpListener, TcpStream};
use reveille::task::spawn_local;
use reveille::time::{interval, timeout};

const CONNECTIONS: usize = 64;
const MESSAGE: usize = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [] => reveille::block_on(serve("8")),
        [seconds] => reveille::block_on(serve(seconds)),
        // How `serve` starts the client.
        [seconds, address, ..] => reveille::block_on(load(seconds, address)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(seconds: &str) -> io::Result<()> {
    parse_seconds(seconds)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    println!("an echo server on {address}: {CONNECTIONS} connections, {MESSAGE}-byte messages, {seconds} s");
    let mut client = Command::new(env::current_exe()?)
        .args([seconds, &address])
        .spawn()?;

    // The client's first connection carries nothing; its end says that the work is done.
    let (work, _) = accept(&listener).await?;
    let echoed = Rc::new(Cell::new(0));
    let start = processor_time();
    for _ in 0..CONNECTIONS {
        spawn_local(echo(accept(&listener).await?.0, echoed.clone()));
    }
    let progress = spawn_local(report_every_second(echoed.clone()));
    work.read(&mut [0]).await?;
    progress.abort();
    let used = start.zip(processor_time()).map(|(start, end)| end - start);

    if !client.wait()?.success() {
        return Err(io::Error::other("the client failed"));
    }
    match used {
        Some(used) => {
            let per_request = used.as_secs_f64() * 1e6 / echoed.get() as f64;
            println!("  server    {per_request:>9.2} us of processor time per request");
        }
        None => println!("  server          n/a: this system has no /proc/self/stat"),
    }
    println!("\nWhat to run next:");
    println!("  cargo test --workspace                          all tests");
    println!("  cargo run --example timeout                     a read that may take only so long");
    println!("  cargo run --example chat -- 127.0.0.1:7001      a chat; join it with `nc 127.0.0.1 7001`");
    println!("and read ARCHITECTURE.md, which follows one byte from the system call to the task.");
    Ok(())
}

async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, std::net::SocketAddr)> {
    // A client that never comes has failed, and has said why.
    timeout(Duration::from_secs(20), listener.accept()).await?
}

async fn echo(stream: TcpStream, echoed: Rc<Cell<u64>>) {
    let mut buffer = [0; 4096];
    // An error ends this connection; the client, which checks every reply, notices.
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..count]).await.is_err() {
            break;
        }
        echoed.set(echoed.get() + 1);
    }
}

async fn report_every_second(echoed: Rc<Cell<u64>>) {
    let mut seconds = interval(Duration::from_secs(1));
    let start = seconds.tick().await;
    let mut before = echoed.get();
    loop {
        let elapsed = seconds.tick().await - start;
        println!(
            "{:>6} s    {:>9} requests/s",
            elapsed.as_secs(),
            echoed.get() - before
        );
        before = echoed.get();
    }
}

/// The processor time that this process has used, where the system tells it in a file.
fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets, which may hold anything. The 12th and 13th after it are the
    // time in the program's and in the system's code, in hundredths of a second.
    let (_, fields) = stat.rsplit_once(") ")?;
    let times = fields.split(' ').skip(11).take(2);
    let hundredths: Option<u64> = times.map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(10 * hundredths?))
}

async fn load(seconds: &str, address: &str) -> io::Result<()> {
    let _work = TcpStream::connect(address).await?;
    let start = Instant::now();
    let end = start + parse_seconds(seconds)?;
    let mut clients = Vec::new();
    for number in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await?;
        clients.push(reveille::spawn(ask_until(end, stream, number)));
    }
    let mut latencies = Vec::new();
    for client in clients {
        latencies.append(&mut client.await.map_err(io::Error::other)??);
    }
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |hundredth: usize| latencies[latencies.len() * hundredth / 100];
    println!("\n{} requests, every reply checked", latencies.len());
    println!("  rate      {rate:>9.0} requests/s");
    println!(
        "  latency   {:>9} us for half of them, {} us for 99 of 100",
        at(50),
        at(99)
    );
    Ok(())
}

/// How long each request took, in microseconds.
async fn ask_until(end: Instant, stream: TcpStream, number: usize) -> io::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    let mut reply = [0; MESSAGE];
    let mut sent = Instant::now();
    while sent < end {
        // No two messages in a row are equal, so that an old reply cannot pass for the new one.
        let message = [(number + latencies.len()) as u8; MESSAGE];
        stream.write_all(&message).await?;
        stream.read_exact(&mut reply).await?;
        if reply != message {
            return Err(io::Error::other("a reply is not what was sent"));
        }
        let received = Instant::now();
        latencies.push((received - sent).as_micros().try_into().unwrap_or(u32::MAX));
        sent = received;
    }
    Ok(latencies)
}

fn parse_seconds(text: &str) -> io::Result<Duration> {
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err(io::Error::other("usage: tour [SECONDS]")),
    }
}
