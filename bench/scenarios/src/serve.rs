//! A server that is measured while a load in another process asks it.
//!
//! `bench-load` connects, warms up, prints `ready` and waits for a line; then it asks, waits until nothing is on its way, and
//! prints its figures. So the processor time between is the server's for just these answers.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::panic::catch_unwind;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::measure::{Stopwatch, resident};
use crate::settings::{seconds, size};
use crate::unavailable;

/// What `bench-load` does, and where.
#[derive(Clone, Copy)]
pub struct Load {
    /// Its subcommand.
    pub kind: &'static str,
    /// How many connections it holds open, or makes at a time.
    pub connections: u64,
    /// The bytes of a message.
    pub size: usize,
    /// How many messages are on their way on one connection.
    pub pipelined: usize,
    /// The processors of the server and of the load, if they are bound to any.
    pub cores: Option<[usize; 2]>,
    /// How much longer than other loads it lasts.
    pub times: f64,
}

impl Load {
    const ECHO: Self = Self {
        kind: "echo",
        connections: 1,
        size: 64,
        pipelined: 1,
        cores: Some([0, 0]),
        times: 1.0,
    };

    /// The load of an echo or accept scenario by its name, `echo_CONNECTIONS[_16k | _pipelined][_apart | _free]`, and whether
    /// the server looks before it blocks.
    #[must_use]
    pub fn named(scenario: &str) -> Option<(Self, bool)> {
        let mut parts = scenario.split('_');
        let mut load = match parts.next()? {
            "echo" => Self {
                connections: parts.next()?.parse().ok()?,
                ..Self::ECHO
            },
            "accept" => Self {
                kind: "accept",
                connections: 32,
                ..Self::ECHO
            },
            "connections" => Self {
                kind: "hold",
                connections: 10_000,
                ..Self::ECHO
            },
            _ => return None,
        };
        let mut looking = false;
        for part in parts {
            match part {
                "16k" => load.size = 16 << 10,
                "pipelined" => load.pipelined = 16,
                "apart" => load.cores = Some([0, 1]),
                "free" => load.cores = None,
                "looking" => looking = true,
                _ => return None,
            }
        }
        Some((load, looking))
    }

    /// UDP datagrams, one after the other.
    pub const DATAGRAMS: Self = Self {
        kind: "udp",
        ..Self::ECHO
    };

    /// The buffer with which such messages are echoed: larger than a small message, and a large one fills it.
    #[must_use]
    pub fn buffer(&self) -> usize {
        self.size.max(4096)
    }
}

/// Binds this thread, and those that it starts, to the server's processor if it has one.
pub fn bind_server(load: &Load) {
    let Some([server, client]) = load.cores else {
        return;
    };
    if thread::available_parallelism().map_or(1, usize::from) <= server.max(client) {
        unavailable("this machine has too few processors");
    }
    let mut set = rustix::thread::CpuSet::new();
    set.set(server);
    rustix::thread::sched_setaffinity(None, &set).expect("a processor of this machine");
}

/// Asks `bench-load` to put the server at `address` under load, prints the figures, and ends the process. Returns at once; the
/// caller goes on to serve.
pub fn measure_under(load: Load, address: SocketAddr) {
    thread::spawn(move || {
        // The server would wait for ever for a load that failed.
        let Ok(figures) = catch_unwind(|| watch(load, address)) else {
            std::process::exit(1);
        };
        print!("{figures}");
        std::process::exit(0);
    });
}

fn watch(load: Load, address: SocketAddr) -> String {
    let before = resident();
    let mut child = start(load, address);
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut next = || output.next().map(|line| line.expect("text"));
    match next() {
        Some(line) if line == "ready" => {}
        _ => {
            let _ = child.wait();
            panic!("bench-load did not get ready");
        }
    }
    let after = resident();
    let stopwatch = Stopwatch::start();
    writeln!(input, "go").expect("it waits for a line");
    let mut operations = None;
    let mut cpu = None;
    let mut figures = String::new();
    while let Some(line) = next() {
        // The first line comes when the last answer has.
        let spent = *cpu.get_or_insert_with(|| stopwatch.processor_per_operation(1));
        match line.strip_prefix("operations ") {
            Some(count) => operations = Some((count.parse::<f64>().expect("a number"), spent)),
            None => figures += &format!("{line}\n"),
        }
    }
    assert!(child.wait().expect("it is ours").success(), "bench-load failed");
    if load.kind == "hold" {
        let buffers = load.buffer() as f64;
        let each = after.saturating_sub(before) as f64 / size(load.connections) as f64;
        return format!("rss_bytes {:.1}\n", each - buffers);
    }
    let (operations, spent) = operations.expect("bench-load says how many there were");
    format!("cpu_ns {:.1}\n{figures}", spent / operations)
}

fn start(load: Load, address: SocketAddr) -> Child {
    let program = std::env::current_exe()
        .expect("this program has a path")
        .with_file_name("bench-load");
    let mut command = Command::new(program);
    command.args([load.kind, &address.to_string()]).args([
        "--connections",
        &size(load.connections).to_string(),
        "--seconds",
        &(seconds() * load.times).to_string(),
        "--size",
        &load.size.to_string(),
        "--pipelined",
        &load.pipelined.to_string(),
    ]);
    if let Some([_, core]) = load.cores {
        command.args(["--core", &core.to_string()]);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bench-load is built beside this program")
}

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn a_name_says_what_the_load_is() {
        let (load, looking) = Load::named("echo_50_16k_apart").expect("a name of the right form");
        assert_eq!((load.kind, load.connections, load.size), ("echo", 50, 16 << 10));
        assert_eq!(
            (load.cores, load.buffer(), looking),
            (Some([0, 1]), 16 << 10, false)
        );
        let (load, looking) = Load::named("echo_1_looking").expect("a name of the right form");
        assert_eq!((load.connections, load.buffer(), looking), (1, 4096, true));
        let (load, _) = Load::named("accept_free").expect("a name of the right form");
        assert_eq!((load.kind, load.cores), ("accept", None));
    }

    #[test]
    fn another_name_is_no_load() {
        for name in ["echo", "echo_many", "echo_1_faster", "ping_pong", ""] {
            assert!(Load::named(name).is_none(), "{name}");
        }
    }
}
