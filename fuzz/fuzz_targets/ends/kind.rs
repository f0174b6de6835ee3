//! What the streams have in common.

use std::cell::RefCell;
use std::io;
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::pin::pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use reveille_net::{TcpStream, UnixStream, tcp, unix};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, sockopt};

/// Whether it was made of two parts that belong together; if not, they come back.
pub type Reunited<S> = Result<S, (<S as Kind>::Reader, <S as Kind>::Writer)>;

pub trait Kind: AsyncRead + AsyncWrite + AsFd + Unpin + Sized {
    type Reader: AsyncRead + AsRef<Self> + Unpin;
    type Writer: AsyncWrite + AsRef<Self> + Unpin;

    fn pair() -> (Self, Self);
    fn into_split(self) -> (Self::Reader, Self::Writer);
    fn reunite(reader: Self::Reader, writer: Self::Writer) -> Reunited<Self>;
    fn forget(writer: Self::Writer);
    fn shut_down(&self) -> io::Result<()>;
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// The futures, polled once and dropped.
    fn read_once(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;
    fn peek_once(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;
    fn write_once(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
    /// Through the halves that borrow.
    fn read_by_half(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;
    fn write_by_half(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
}

impl Kind for TcpStream {
    type Reader = tcp::OwnedReadHalf;
    type Writer = tcp::OwnedWriteHalf;

    fn pair() -> (Self, Self) {
        thread_local! {
            // As many ports as can be had, since a connection that was closed keeps its own for a minute.
            static LISTENERS: RefCell<(usize, Vec<net::TcpListener>)> = RefCell::new((0, (1..=100).map(listener).collect()));
        }
        let (one, other) = LISTENERS.with_borrow_mut(|(turn, listeners)| {
            *turn = (*turn + 1) % listeners.len();
            let listener = &listeners[*turn];
            let one = connect(listener.local_addr().unwrap());
            (one, listener.accept().unwrap().0)
        });
        let make = |stream| TcpStream::from_std(stream).unwrap();
        (make(one), make(other))
    }

    fn into_split(self) -> (Self::Reader, Self::Writer) {
        Self::into_split(self)
    }

    fn reunite(reader: Self::Reader, writer: Self::Writer) -> Reunited<Self> {
        reader.reunite(writer).map_err(|error| (error.0, error.1))
    }

    fn forget(writer: Self::Writer) {
        writer.forget();
    }

    fn shut_down(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, buffer)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn read_once(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        pin!(self.read(buffer)).poll(cx)
    }

    fn peek_once(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        pin!(self.peek(buffer)).poll(cx)
    }

    fn write_once(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pin!(self.write(bytes)).poll(cx)
    }

    fn read_by_half(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        pin!(self.split().0).poll_read(cx, buffer)
    }

    fn write_by_half(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pin!(self.split().1).poll_write(cx, bytes)
    }
}

impl Kind for UnixStream {
    type Reader = unix::OwnedReadHalf;
    type Writer = unix::OwnedWriteHalf;

    fn pair() -> (Self, Self) {
        let (one, other) = Self::pair().unwrap();
        small_buffers(&one);
        small_buffers(&other);
        (one, other)
    }

    fn into_split(self) -> (Self::Reader, Self::Writer) {
        Self::into_split(self)
    }

    fn reunite(reader: Self::Reader, writer: Self::Writer) -> Reunited<Self> {
        reader.reunite(writer).map_err(|error| (error.0, error.1))
    }

    fn forget(writer: Self::Writer) {
        writer.forget();
    }

    fn shut_down(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, buffer)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn read_once(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        pin!(self.read(buffer)).poll(cx)
    }

    fn peek_once(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        pin!(self.peek(buffer)).poll(cx)
    }

    fn write_once(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pin!(self.write(bytes)).poll(cx)
    }

    fn read_by_half(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        pin!(self.split().0).poll_read(cx, buffer)
    }

    fn write_by_half(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pin!(self.split().1).poll_write(cx, bytes)
    }
}

/// What it accepts has its buffers.
fn listener(host: u8) -> net::TcpListener {
    let listener = net::TcpListener::bind(SocketAddr::from(([127, 0, 1, host], 0))).unwrap();
    small_buffers(&listener);
    listener
}

/// As std does, but with small buffers from the beginning. If those of a connection shrink, what is on its way lies outside
/// its window, and Linux delivers nothing in one direction, not even the end, until the other one is read.
fn connect(address: SocketAddr) -> net::TcpStream {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    small_buffers(&socket);
    loop {
        match rustix::net::connect(&socket, &address) {
            Ok(()) | Err(Errno::ISCONN) => return socket.into(),
            // By libFuzzer's own signal; the connection goes on being made.
            Err(Errno::INTR | Errno::ALREADY) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// So that a writer has to wait now and then.
fn small_buffers(socket: &impl AsFd) {
    sockopt::set_socket_send_buffer_size(socket, 4096).unwrap();
    sockopt::set_socket_recv_buffer_size(socket, 4096).unwrap();
}
