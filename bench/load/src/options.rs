//! The command line.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) struct Options {
    pub(crate) kind: String,
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// The bytes of a message.
    pub(crate) size: usize,
    /// How many messages are on their way on one connection.
    pub(crate) pipelined: usize,
    /// The processor to run on.
    pub(crate) core: Option<usize>,
}

impl Options {
    pub(crate) fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let (Some(kind), Some(address)) = (arguments.next(), arguments.next()) else {
            return Err("usage: bench-load KIND ADDRESS [--OPTION VALUE]…".into());
        };
        let mut options = Self {
            kind,
            address: address.parse()?,
            connections: 1,
            time: Duration::from_secs(1),
            size: 64,
            pipelined: 1,
            core: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--connections" => options.connections = value.parse()?,
                "--seconds" => options.time = Duration::from_secs_f64(value.parse()?),
                "--size" => options.size = value.parse()?,
                "--pipelined" => options.pipelined = value.parse()?,
                "--core" => options.core = Some(value.parse()?),
                _ => return Err(format!("no option {name}").into()),
            }
        }
        Ok(options)
    }
}
