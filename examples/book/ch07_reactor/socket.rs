//! Where a task meets a socket: an operation is tried, and waited for if it would block.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use mio::Token;
use mio::event::Source;

use crate::reactor::Direction;
use crate::runtime::{Runtime, current, tell};
use crate::story::Event;

// ANCHOR: socket
/// A socket in non-blocking mode. It is registered when an operation first would block.
struct Socket<S: Source> {
    socket: S,
    /// What the system calls it, which is only told.
    descriptor: u64,
    registered: Option<(Token, Weak<Runtime>)>,
}

impl<S: Source> Socket<S> {
    /// Tries `operation`. If it would block, its task is woken when it is worth trying again.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut(&mut S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let outcome = loop {
            match operation(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tell(Event::WouldBlock);
                let runtime = current();
                let token = self.register(&runtime)?;
                // The system owes us an event now. It tells the loop, which asks for it when this poll has returned.
                runtime.sockets.keep(token, direction, cx.waker());
                tell(wait_for(token, direction));
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }

    fn register(&mut self, runtime: &Arc<Runtime>) -> io::Result<Token> {
        if let Some((token, of)) = &self.registered {
            // Nobody would turn the other one for us.
            assert!(
                of.as_ptr() == Arc::as_ptr(runtime),
                "this socket is another runtime's"
            );
            return Ok(*token);
        }
        let token = runtime.sockets.register(&mut self.socket)?;
        self.registered = Some((token, Arc::downgrade(runtime)));
        tell(register(token, self.descriptor));
        Ok(token)
    }
}
// ANCHOR_END: socket

// ANCHOR: drop
impl<S: Source> Drop for Socket<S> {
    fn drop(&mut self) {
        if let Some((token, runtime)) = &self.registered {
            if let Some(runtime) = runtime.upgrade() {
                runtime.sockets.deregister(*token, &mut self.socket);
                tell(Event::Deregister(token.0 as u64));
            }
        }
    }
}
// ANCHOR_END: drop

// ANCHOR: stream
/// A TCP connection.
pub(crate) struct Stream(Socket<mio::net::TcpStream>);

impl Stream {
    /// Reads what is there, or waits until something is. `0` is the end.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = poll_fn(|cx| self.0.poll(cx, Direction::Read, |socket| socket.read(buffer))).await?;
        tell(Event::Read(length));
        Ok(length)
    }

    pub(crate) async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written =
                poll_fn(|cx| self.0.poll(cx, Direction::Write, |socket| socket.write(bytes))).await?;
            tell(Event::Write(written));
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[written..];
        }
        Ok(())
    }
}
// ANCHOR_END: stream

impl Stream {
    pub(crate) fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self::new(mio::net::TcpStream::from_std(stream)))
    }

    fn new(stream: mio::net::TcpStream) -> Self {
        Self(Socket::new(descriptor(&stream), stream))
    }
}

/// Takes connections.
pub(crate) struct Listener(Socket<mio::net::TcpListener>);

impl Listener {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        // Non-blocking from the beginning.
        let listener = mio::net::TcpListener::bind(address)?;
        Ok(Self(Socket::new(descriptor(&listener), listener)))
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.socket.local_addr()
    }

    // ANCHOR: accept
    pub(crate) async fn accept(&mut self) -> io::Result<Stream> {
        let (stream, _) = poll_fn(|cx| self.0.poll(cx, Direction::Read, |socket| socket.accept())).await?;
        Ok(Stream::new(stream))
    }
    // ANCHOR_END: accept
}

impl<S: Source> Socket<S> {
    fn new(descriptor: u64, socket: S) -> Self {
        Self {
            socket,
            descriptor,
            registered: None,
        }
    }
}

fn register(token: Token, descriptor: u64) -> Event<'static> {
    Event::Register {
        socket: token.0 as u64,
        descriptor,
    }
}

fn wait_for(token: Token, direction: Direction) -> Event<'static> {
    match direction {
        Direction::Read => Event::WaitToRead(token.0 as u64),
        Direction::Write => Event::WaitToWrite(token.0 as u64),
    }
}

#[cfg(unix)]
fn descriptor(socket: &impl std::os::fd::AsRawFd) -> u64 {
    socket.as_raw_fd() as u64
}

#[cfg(windows)]
fn descriptor(socket: &impl std::os::windows::io::AsRawSocket) -> u64 {
    socket.as_raw_socket()
}
