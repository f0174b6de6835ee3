//! The clients of the servers: each one thread, in a process of its own, the same for every runtime.
//!
//! `bench-load KIND ADDRESS [--connections N] [--seconds S] [--size BYTES] [--pipelined N] [--core N]`. It gets ready, prints
//! `ready` and waits for a line; then it asks, waits for what is on its way, and prints its figures. In reading order: `options`,
//! `figures`, `exchange` (a message and its answer), `connection`, `echo`, `accept`, `udp`, `http2`, `hold`.

mod accept;
mod connection;
mod echo;
mod exchange;
mod figures;
mod hold;
mod http2;
mod options;
mod udp;

use std::error::Error;
use std::io;

use exchange::Exchange;
use options::Options;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let options = Options::from_arguments()?;
    if let Some(core) = options.core {
        let mut set = rustix::thread::CpuSet::new();
        set.set(core);
        rustix::thread::sched_setaffinity(None, &set)?;
    }
    match options.kind.as_str() {
        "echo" => echo::run(&options, &Exchange::echo(options.size)),
        "http1" => echo::run(&options, &Exchange::http1(options.address)?),
        "http2" => http2::run(&options),
        "accept" => accept::run(&options),
        "udp" => udp::run(&options),
        "hold" => hold::run(&options),
        unknown => Err(format!("no load `{unknown}`").into()),
    }
}

/// Tells whoever measures, and returns when that has begun to.
fn ready() -> io::Result<()> {
    println!("ready");
    io::stdin().read_line(&mut String::new()).map(drop)
}
