//! Connections that are open and, after one message each, idle.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use socket2::SockRef;

use crate::options::Options;
use crate::{Outcome, ready};

pub(crate) fn run(options: &Options) -> Outcome {
    let open = |_| {
        let mut stream = TcpStream::connect(options.address)?;
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        stream.set_nodelay(true)?;
        stream.write_all(&[b'x'; 64])?;
        stream.read_exact(&mut [0; 64])?;
        Ok(stream)
    };
    let streams = (0..options.connections)
        .map(open)
        .collect::<io::Result<Vec<_>>>()?;
    ready()?;
    drop(streams);
    Ok(())
}
