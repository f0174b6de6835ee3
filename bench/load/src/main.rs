//! The client of the echo scenarios: one thread over mio, so that it favours no runtime.
//!
//! `bench-load ADDRESS CONNECTIONS SECONDS` sends a message of 64 bytes on every connection, checks that it comes back,
//! and sends the next. The first tenth of a second warms up; the figures are those after it, but `messages`, against
//! which the server's processor time is reckoned, counts all.

use std::error::Error;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

const MESSAGE: usize = 64;
const WARM_UP: Duration = Duration::from_millis(100);

struct Connection {
    stream: TcpStream,
    sent_at: Instant,
    /// The bytes of the current message that have come back.
    received: usize,
    /// The message's number, which it is made of.
    number: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, seconds] = arguments.as_slice() else {
        return Err("usage: bench-load ADDRESS CONNECTIONS SECONDS".into());
    };
    let duration = Duration::from_secs_f64(seconds.parse()?);
    let mut poll = Poll::new()?;
    let mut open = connect(&poll, address, connections.parse()?)?;

    let start = Instant::now();
    for connection in &mut open {
        connection.send()?;
    }
    let mut messages = 0_u64;
    let mut measured_from = None;
    let mut latencies: Vec<u32> = Vec::with_capacity(1 << 20);
    let mut events = Events::with_capacity(1024);
    while start.elapsed() < WARM_UP + duration {
        poll.poll(&mut events, Some(Duration::from_secs(5)))?;
        if events.is_empty() {
            return Err("no answer for five seconds".into());
        }
        let now = Instant::now();
        if measured_from.is_none() && now - start >= WARM_UP {
            measured_from = Some(now);
        }
        for event in events.iter().filter(|event| event.is_readable()) {
            let connection = &mut open[event.token().0];
            // Nothing can follow a whole message: the next one is yet to be sent.
            if let Some(latency) = connection.receive()? {
                messages += 1;
                if measured_from.is_some() {
                    latencies.push(latency.as_nanos().try_into().unwrap_or(u32::MAX));
                }
                connection.send()?;
            }
        }
    }
    let wall = measured_from.ok_or("nothing was measured")?.elapsed();
    print_figures(messages, wall, &mut latencies);
    Ok(())
}

fn connect(poll: &Poll, address: &str, count: usize) -> io::Result<Vec<Connection>> {
    let one = |index: usize| {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(index), Interest::READABLE)?;
        Ok(Connection {
            stream,
            sent_at: Instant::now(),
            received: 0,
            number: index as u64,
        })
    };
    (0..count).map(one).collect()
}

impl Connection {
    fn message(&self) -> [u8; MESSAGE] {
        let mut message = [0; MESSAGE];
        for part in message.chunks_exact_mut(8) {
            part.copy_from_slice(&self.number.to_le_bytes());
        }
        message
    }

    fn send(&mut self) -> io::Result<()> {
        self.number = self
            .number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.received = 0;
        self.sent_at = Instant::now();
        // An empty send buffer takes 64 bytes whole.
        let sent = self.stream.write(&self.message())?;
        if sent == MESSAGE {
            Ok(())
        } else {
            Err(io::Error::other("a message was not sent whole"))
        }
    }

    /// Reads once; the latency when the message is back whole, `None` when the rest is still to come.
    fn receive(&mut self) -> io::Result<Option<Duration>> {
        let mut buffer = [0; MESSAGE];
        loop {
            match self.stream.read(&mut buffer[..MESSAGE - self.received]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let expected = &self.message()[self.received..][..count];
                    if buffer[..count] != *expected {
                        return Err(io::Error::other("an answer is not what was sent"));
                    }
                    self.received += count;
                    if self.received == MESSAGE {
                        return Ok(Some(self.sent_at.elapsed()));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

fn print_figures(messages: u64, wall: Duration, latencies: &mut [u32]) {
    latencies.sort_unstable();
    let percentile = |percent: usize| f64::from(latencies[(latencies.len() - 1) * percent / 100]) / 1_000.0;
    println!("messages {messages}");
    println!("wall_ns {}", wall.as_nanos() as f64 / latencies.len() as f64);
    println!("p50_us {}", percentile(50));
    println!("p99_us {}", percentile(99));
}
