//! Servers over mio and nothing else, one thread, no futures: `bench-raw SCENARIO` measures one that the runtimes are measured
//! with too.
//!
//! As the runtimes do, it reads until less comes than there is room for, and asks mio again only then.

use std::io::{self, ErrorKind, Read, Write};
use std::net::UdpSocket;

use bench_scenarios::{Load, bind_server, measure_under, unavailable};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);

fn main() -> io::Result<()> {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    if scenario == "udp" {
        return echo_datagrams();
    }
    match Load::named(&scenario) {
        Some((load, false)) => serve(load),
        _ => unavailable("it has neither tasks nor timers"),
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer is still to be sent.
    unsent: std::ops::Range<usize>,
    /// The last read left nothing behind.
    drained: bool,
}

fn serve(load: Load) -> io::Result<()> {
    bind_server(&load);
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    measure_under(load, listener.local_addr()?);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Events::with_capacity(1024);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept_all(&listener, &poll, &mut connections, &mut free, load.buffer())?;
                continue;
            }
            let index = event.token().0;
            let Some(connection) = &mut connections[index] else {
                continue;
            };
            if !connection.echo() {
                connections[index] = None;
                free.push(index);
            }
        }
    }
}

fn accept_all(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
    buffer: usize,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            // What has gone away before it was accepted is no matter.
            Err(_) => continue,
        };
        stream.set_nodelay(true)?;
        let index = free.pop().unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(index), interest)?;
        connections[index] = Some(Connection {
            stream,
            buffer: vec![0; buffer],
            unsent: 0..0,
            drained: false,
        });
    }
}

impl Connection {
    /// Sends back what is there; whether more may come.
    fn echo(&mut self) -> bool {
        loop {
            while !self.unsent.is_empty() {
                match self.stream.write(&self.buffer[self.unsent.clone()]) {
                    Ok(count) => self.unsent.start += count,
                    Err(error) => return error.kind() == ErrorKind::WouldBlock,
                }
            }
            if std::mem::take(&mut self.drained) {
                return true;
            }
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    self.unsent = 0..count;
                    self.drained = count < self.buffer.len();
                }
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}

fn echo_datagrams() -> io::Result<()> {
    bind_server(&Load::DATAGRAMS);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    measure_under(Load::DATAGRAMS, socket.local_addr()?);
    let mut socket = mio::net::UdpSocket::from_std(socket);
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut socket, Token(0), Interest::READABLE)?;
    let mut events = Events::with_capacity(16);
    let mut buffer = [0; 2048];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((count, from)) => drop(socket.send_to(&buffer[..count], from)?),
            Err(error) if error.kind() == ErrorKind::WouldBlock => poll.poll(&mut events, None)?,
            Err(error) => return Err(error),
        }
    }
}
