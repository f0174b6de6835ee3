//! What the futures of this crate need of a socket. Only its own types implement these traits: nobody else can name
//! them.

use std::fmt;
use std::io;

use reveille_reactor::{Registration, Source};

use crate::datagram::Received;

/// A socket that transfers data.
pub trait Socket {
    /// mio's socket, through which all is done: on some platforms it must see every `WouldBlock`.
    type Source: Source + fmt::Debug;

    /// The socket as the reactor knows it.
    fn registration(&self) -> &Registration<Self::Source>;

    /// Calls `operation`, which is not mio's, in such a way that mio sees its `WouldBlock`.
    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T>;
}

/// A socket that can receive without taking.
pub trait Peeking: Socket {
    /// Receives without taking.
    fn peek(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A stream of bytes.
pub trait Stream: Socket {
    /// Whether a transfer that is shorter than asked for means that the next one would block. It does on TCP. It does
    /// not where a read also ends for other reasons, as one from a Unix socket does at a message with ancillary data.
    const SHORT_MEANS_NOT_READY: bool;
}

/// A stream that can be read from.
pub trait Reading: Stream {
    /// This direction of the stream.
    fn reader(source: &Self::Source) -> impl io::Read;
}

/// A stream that can be written to.
pub trait Writing: Stream {
    /// This direction of the stream.
    fn writer(source: &Self::Source) -> impl io::Write;
}

/// A socket for messages that stay apart. A short one says nothing about the next one.
pub trait Datagram: Peeking {
    /// Where messages come from.
    type Address;

    /// Receives a message.
    fn recv(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize>;

    /// Receives a message, and says from whom.
    fn recv_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;

    /// As [`recv_from`](Self::recv_from), and says whether it was cut off.
    fn recv_msg(source: &Self::Source, buffer: &mut [u8]) -> io::Result<Received<Self::Address>>;

    /// As [`recv_from`](Self::recv_from), without taking it.
    fn peek_from(source: &Self::Source, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;

    /// Sends a message to the peer that the socket is connected to.
    fn send(source: &Self::Source, message: &[u8]) -> io::Result<usize>;
}
