//! The server on reveille, recorded while some clients use it: the road of an event through the real one, step by step.

use std::io;
use std::net::TcpListener;
use std::thread;

use reveille::trace::output::Output;
use reveille::trace::trace::Level;
use reveille::trace::{self, Settings};

use crate::job::Job;
use crate::load::{self, Load};
use crate::on_reveille;

/// Three clients, at the same time, that ask twice each for something that the server has to wait for.
pub(crate) fn record(output: &Output) -> io::Result<bool> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    trace::start(Settings::default().level(Level::Full)).map_err(io::Error::other)?;
    // It serves for as long as this process lives.
    let server = thread::Builder::new().name("server".to_owned());
    server.spawn(move || on_reveille::serve(listener))?;
    let load = Load {
        job: Job::Wait,
        connections: 3,
        requests: 2,
        stay: false,
    };
    load::converse(address, load)?;
    trace::stop();
    output.write(&trace::collect().expect("it was started"))?;
    Ok(true)
}
