//! A chat server written for tokio, and the same after docs/porting.md was followed: clients see no difference.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use std::{io, thread};

use tokio_util::sync::CancellationToken;
use watchdog::Watchdog;

mod chat_on_reveille;
mod chat_on_tokio;
#[path = "../watchdog/mod.rs"]
mod watchdog;

/// How long a server waits for what.
#[derive(Clone, Copy)]
struct Limits {
    login: Duration,
    idle: Duration,
    goodbye: Duration,
}

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);

const PATIENT: Limits = Limits {
    login: LONG,
    idle: LONG,
    goodbye: LONG,
};

type Run = fn(TcpListener, Limits, CancellationToken) -> io::Result<()>;

#[test]
fn clients_see_no_difference() {
    for script in [
        talks_and_stops as fn(Run) -> Vec<String>,
        says_no_name,
        falls_asleep,
        leaves_at_once,
    ] {
        // ThreadSanitizer reports tokio's registrations, which are filled before the system knows of them, in a way that it
        // does not see. There the scripts are held against themselves.
        let before = script(if cfg!(tsan) {
            chat_on_reveille::run
        } else {
            chat_on_tokio::run
        });
        let after = script(chat_on_reveille::run);
        assert_eq!(before, after);
        assert!(!before.is_empty());
    }
}

/// Three clients talk, one leaves, the server stops.
fn talks_and_stops(run: Run) -> Vec<String> {
    let mut seen = Vec::new();
    let address = with_server(run, PATIENT, |address| {
        let mut ann = Client::join(address, "ann", &mut seen);
        let mut bob = Client::join(address, "bob", &mut seen);
        ann.hears(&mut seen);
        let mut cid = Client::join(address, "cid", &mut seen);
        ann.hears(&mut seen);
        bob.hears(&mut seen);

        ann.says("good morning\nis anybody there?\n");
        for other in [&mut bob, &mut cid] {
            other.hears(&mut seen);
            other.hears(&mut seen);
        }
        // In pieces.
        bob.says("wait a ");
        bob.says("moment\r\n");
        ann.hears(&mut seen);
        cid.hears(&mut seen);
        cid.says("/who\n");
        cid.hears(&mut seen);
        bob.stream.shutdown(Shutdown::Write).unwrap();
        bob.hears_the_end();
        ann.hears(&mut seen);
        cid.hears(&mut seen);
        ann.says("/who\n");
        ann.hears(&mut seen);
        vec![ann, cid]
    });
    seen.push(format!("{:?}", TcpStream::connect(address).unwrap_err().kind()));
    seen
}

fn says_no_name(run: Run) -> Vec<String> {
    let mut seen = Vec::new();
    let limits = Limits {
        login: SHORT,
        ..PATIENT
    };
    with_server(run, limits, |address| {
        let mut client = Client::connect(address, &mut seen);
        client.hears(&mut seen);
        client.hears_the_end();
        Vec::new()
    });
    seen
}

fn falls_asleep(run: Run) -> Vec<String> {
    let mut seen = Vec::new();
    let limits = Limits {
        idle: SHORT,
        ..PATIENT
    };
    with_server(run, limits, |address| {
        let mut client = Client::join(address, "ann", &mut seen);
        client.hears(&mut seen);
        client.hears_the_end();
        Vec::new()
    });
    seen
}

/// One that has no name yet ends without a word when the server stops, and one that never was there harms nobody.
fn leaves_at_once(run: Run) -> Vec<String> {
    let mut seen = Vec::new();
    let mut nameless = None;
    with_server(run, PATIENT, |address| {
        drop(TcpStream::connect(address).unwrap());
        nameless = Some(Client::connect(address, &mut seen));
        vec![Client::join(address, "ann", &mut seen)]
    });
    nameless.unwrap().hears_the_end();
    seen
}

/// Runs a server and talks to it; then tells it to stop, and hears its goodbye to the clients that are left. Its address.
fn with_server(run: Run, limits: Limits, talk: impl FnOnce(SocketAddr) -> Vec<Client>) -> SocketAddr {
    let _watchdog = Watchdog::new("a chat", Duration::from_secs(60));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    thread::scope(|scope| {
        let server = scope.spawn(|| run(listener, limits, stop.clone()));
        // Also after a failed assertion.
        let stopping = stop.clone().drop_guard();
        let left = talk(address);
        drop(stopping);
        for mut client in left {
            assert_eq!(client.line(), "* goodbye\n");
            client.hears_the_end();
        }
        server.join().unwrap().unwrap();
    });
    address
}

struct Client {
    name: &'static str,
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr, seen: &mut Vec<String>) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        let name = "nobody";
        let mut client = Self { name, stream, lines };
        client.hears(seen);
        client
    }

    fn join(address: SocketAddr, name: &'static str, seen: &mut Vec<String>) -> Self {
        let mut client = Self::connect(address, seen);
        client.name = name;
        client.says(&format!("{name}\n"));
        client.hears(seen);
        client
    }

    fn says(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// The next line, which there must be.
    fn hears(&mut self, seen: &mut Vec<String>) {
        let line = self.line();
        assert!(
            line.ends_with('\n'),
            "{} heard {line:?} after {seen:?}",
            self.name
        );
        seen.push(format!("{} hears {line:?}", self.name));
    }

    fn hears_the_end(&mut self) {
        assert_eq!(self.line(), "");
    }
}
