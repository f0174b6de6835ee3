//! The load: clients that send a request, wait for its reply, and send the next.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::job::Job;

/// As many clients as there are to be connections, all at the same time.
pub(crate) fn converse(address: SocketAddr, load: Load) -> io::Result<Vec<TcpStream>> {
    let clients: Vec<_> = (0..load.connections)
        .map(|_| {
            let client = thread::Builder::new().stack_size(STACK);
            client.spawn(move || -> io::Result<Option<TcpStream>> {
                let mut stream = connect(address)?;
                for _ in 0..load.requests {
                    ask(&mut stream, load.job)?;
                }
                Ok(load.stay.then_some(stream))
            })
        })
        .collect::<io::Result<_>>()?;
    let mut open = Vec::new();
    for client in clients {
        open.extend(client.join().expect("a client does not panic")?);
    }
    Ok(open)
}

/// What the clients do.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) job: Job,
    pub(crate) connections: u32,
    /// On each connection.
    pub(crate) requests: u32,
    /// Whether the connections are kept open. To a server that serves one after the other they must not be.
    pub(crate) stay: bool,
}

/// Connections that carry one request each and stay open, one made after the other.
pub(crate) fn hold(address: SocketAddr, connections: u32) -> io::Result<Vec<TcpStream>> {
    (0..connections)
        .map(|_| {
            let mut stream = connect(address)?;
            // A connection that is only queued is open for its client, though the server has never seen it.
            ask(&mut stream, Job::Nothing)?;
            Ok(stream)
        })
        .collect()
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn ask(stream: &mut TcpStream, job: Job) -> io::Result<()> {
    let mut reply = [0];
    stream.write_all(&[job.to_byte()])?;
    stream.read_exact(&mut reply)?;
    if reply != [job.to_byte()] {
        return Err(io::Error::other("the reply is not to this request"));
    }
    Ok(())
}

/// A client needs little of it.
const STACK: usize = 64 * 1024;

/// With one thread the last client is served when all others have gone.
const PATIENCE: Duration = Duration::from_secs(120);
