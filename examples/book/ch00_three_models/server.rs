//! The server, three times: what differs is who waits.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process;
use std::thread;

use reveille::net;
use reveille::runtime::Builder;
use reveille::time::sleep;

use crate::job::{Job, WAIT, compute};

// ANCHOR: blocking
/// One thread: it serves a connection to its end, and then the next one.
fn one_thread(listener: &TcpListener) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept()?;
        converse(stream)?;
    }
}

/// A thread for each connection.
fn many_threads(listener: &TcpListener) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept()?;
        thread::Builder::new().spawn(move || converse(stream))?;
    }
}

fn converse(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0];
    while stream.read(&mut request)? == 1 {
        match Job::from_byte(request[0]) {
            Job::Nothing => {}
            Job::Wait => thread::sleep(WAIT),
            Job::Compute => compute(),
        }
        stream.write_all(&request)?;
    }
    Ok(())
}
// ANCHOR_END: blocking

// ANCHOR: event_loop
/// One thread again, and a task for each connection.
async fn event_loop(listener: net::TcpListener) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        reveille::spawn(converse_async(stream));
    }
}

async fn converse_async(stream: net::TcpStream) -> io::Result<()> {
    let mut request = [0];
    while stream.read(&mut request).await? == 1 {
        match Job::from_byte(request[0]) {
            Job::Nothing => {}
            Job::Wait => sleep(WAIT).await,
            Job::Compute => compute(),
        }
        stream.write_all(&request).await?;
    }
    Ok(())
}
// ANCHOR_END: event_loop

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Model {
    OneThread,
    ManyThreads,
    EventLoop,
}

impl Model {
    pub(crate) const ALL: [Self; 3] = [Self::OneThread, Self::ManyThreads, Self::EventLoop];

    /// As an argument of [`serve`].
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::OneThread => "one-thread",
            Self::ManyThreads => "many-threads",
            Self::EventLoop => "event-loop",
        }
    }

    /// So that a connection has to end before the next one is served.
    pub(crate) fn serves_one_at_a_time(self) -> bool {
        self == Self::OneThread
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OneThread => "one thread",
            Self::ManyThreads => "many threads",
            Self::EventLoop => "event loop",
        })
    }
}

/// Serves until standard input ends. The first line on standard output is the address.
pub(crate) fn serve(model: &str) -> io::Result<Infallible> {
    let model = Model::ALL.into_iter().find(|known| known.argument() == model);
    let model = model.ok_or_else(|| io::Error::other("there is no such model"))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    end_with_standard_input();
    println!("{}", listener.local_addr()?);
    match model {
        Model::OneThread => one_thread(&listener),
        Model::ManyThreads => many_threads(&listener),
        Model::EventLoop => {
            // A loaded machine makes long polls of short ones. What is measured here are not those.
            let runtime = Builder::current_thread().on_slow_poll(|_| ()).build()?;
            runtime.block_on(event_loop(net::TcpListener::from_std(listener)?))
        }
    }
}

/// Whoever started the server holds the other end, and it closes also if that process is killed.
fn end_with_standard_input() {
    thread::spawn(|| {
        // An error is an end too.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
}
