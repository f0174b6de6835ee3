//! One connection over mio: messages on their way, and what has come back of them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use crate::exchange::Exchange;

/// Connections that are opened before the server is waited for.
const ON_THEIR_WAY: usize = 64;

pub(crate) struct Connection {
    stream: TcpStream,
    /// When the messages were sent whose answers are not there yet, oldest first.
    sent_at: VecDeque<Instant>,
    /// The bytes that are still to be written.
    unsent: usize,
    /// The bytes of the oldest answer that are there.
    received: usize,
}

impl Connection {
    /// Connected when this returns, and one of so many answered: the server has accepted all before that. If more were on
    /// their way than its queue has room for, the system would try some again after a second.
    pub(crate) fn open(
        address: SocketAddr,
        registry: &Registry,
        index: usize,
        exchange: &Exchange,
    ) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(address)?;
        if index % ON_THEIR_WAY == ON_THEIR_WAY - 1 {
            stream.write_all(&exchange.message)?;
            stream.read_exact(&mut vec![0; exchange.answer_length])?;
        }
        stream.set_nonblocking(true)?;
        Self::over(TcpStream::from_std(stream), registry, index)
    }

    /// On its way when this returns: what is sent goes once it is writable.
    pub(crate) fn begin(address: SocketAddr, registry: &Registry, index: usize) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?, registry, index)
    }

    fn over(mut stream: TcpStream, registry: &Registry, index: usize) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        // Closed at once and without a trace, so that no port of a short connection is kept for a minute.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        registry.register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            sent_at: VecDeque::new(),
            unsent: 0,
            received: 0,
        })
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.sent_at.is_empty()
    }

    /// So many messages more are to be sent.
    pub(crate) fn send(&mut self, exchange: &Exchange, count: usize) -> io::Result<()> {
        let now = Instant::now();
        self.sent_at.extend((0..count).map(|_| now));
        self.unsent += count * exchange.message.len();
        self.flush(exchange)
    }

    /// Writes what can be written.
    pub(crate) fn flush(&mut self, exchange: &Exchange) -> io::Result<()> {
        while self.unsent > 0 {
            let length = exchange.message.len();
            let several;
            let rest = match self.unsent % length {
                // Whole messages: as many as are there in one write.
                0 if self.unsent > length => {
                    several = exchange.message.repeat(self.unsent / length);
                    &several[..]
                }
                0 => &exchange.message[..],
                rest => &exchange.message[length - rest..],
            };
            match self.stream.write(rest) {
                Ok(count) => self.unsent -= count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there, and calls `answered` for each answer that is whole now; says how many were.
    pub(crate) fn receive(
        &mut self,
        exchange: &Exchange,
        buffer: &mut [u8],
        mut answered: impl FnMut(Duration),
    ) -> io::Result<usize> {
        let mut answers = 0;
        while !self.sent_at.is_empty() {
            let expected = (self.sent_at.len() * exchange.answer_length - self.received).min(buffer.len());
            let count = match self.stream.read(&mut buffer[..expected]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            let mut bytes = &buffer[..count];
            while !bytes.is_empty() {
                let part = bytes.len().min(exchange.answer_length - self.received);
                self.check(exchange, &bytes[..part])?;
                bytes = &bytes[part..];
                self.received += part;
                if self.received == exchange.answer_length {
                    self.received = 0;
                    answers += 1;
                    let sent_at = self.sent_at.pop_front().expect("no more is read than is awaited");
                    answered(now - sent_at);
                }
            }
        }
        Ok(answers)
    }

    fn check(&self, exchange: &Exchange, part: &[u8]) -> io::Result<()> {
        match &exchange.answer {
            Some(answer) if answer[self.received..][..part.len()] != *part => {
                Err(io::Error::other("an answer is not what was sent"))
            }
            _ => Ok(()),
        }
    }
}
