//! The servers that are compared: threads, and the event loop twice.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process;
use std::thread;

use crate::job::{Job, WAIT, compute};
use crate::{on_reveille, on_the_toy};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Model {
    ManyThreads,
    Toy,
    Reveille,
}

impl Model {
    pub(crate) const ALL: [Self; 3] = [Self::ManyThreads, Self::Toy, Self::Reveille];

    /// As an argument of [`serve`].
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::ManyThreads => "many-threads",
            Self::Toy => "toy",
            Self::Reveille => "reveille",
        }
    }

    /// None does. What measures is chapter 0's, and asks.
    pub(crate) fn serves_one_at_a_time(self) -> bool {
        false
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ManyThreads => "many threads",
            Self::Toy => "the toy",
            Self::Reveille => "reveille",
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
        Model::ManyThreads => many_threads(&listener),
        Model::Toy => on_the_toy::serve(listener),
        Model::Reveille => on_reveille::serve(listener),
    }
}

/// As in chapter 0: a thread for each connection.
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

/// Whoever started the server holds the other end, and it closes also if that process is killed.
fn end_with_standard_input() {
    thread::spawn(|| {
        // An error is an end too.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
}
