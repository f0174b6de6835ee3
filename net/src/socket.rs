//! What the futures of this crate need of a socket. Only its own types implement these traits: nobody else can name
//! them.

use std::fmt;
use std::io;

use reveille_reactor::{Registration, Source};

/// A socket that transfers data.
pub trait Socket {
    /// mio's socket, through which all is done: on some platforms it must see every `WouldBlock`.
    type Source: Source + fmt::Debug;

    /// The socket as the reactor knows it.
    fn registration(&self) -> &Registration<Self::Source>;

    /// Calls `operation`, which is not mio's, in such a way that mio sees its `WouldBlock`.
    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T>;

    /// Receives without taking.
    fn peek(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A stream of bytes. A transfer that is shorter than asked for means that the next one would block.
pub trait Stream: Socket {
    /// Both directions of the stream.
    fn bytes(source: &Self::Source) -> impl io::Read + io::Write;
}

/// A socket for messages that stay apart. A short one says nothing about the next one.
pub trait Datagram: Socket {
    /// Where messages come from.
    type Address;

    /// Receives a message.
    fn recv(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize>;

    /// Receives a message, and says from whom.
    fn recv_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;

    /// As [`recv_from`](Self::recv_from), without taking it.
    fn peek_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;

    /// Sends a message to the peer that the socket is connected to.
    fn send(source: &Self::Source, message: &[u8]) -> io::Result<usize>;
}
