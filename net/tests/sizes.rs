//! What a connection takes beside its buffer is a promise: there may be a million of them.
#![cfg(target_pointer_width = "64")]

use reveille_net::TcpStream;
use reveille_net::future::{Read, ReadExact, Write, WriteAll};

/// Two words, where mio's debug builds add nothing to it.
#[test]
fn a_stream_is_a_pointer_and_its_socket() {
    let socket = size_of::<mio::net::TcpStream>().next_multiple_of(size_of::<usize>());
    assert_eq!(size_of::<TcpStream>(), size_of::<usize>() + socket);
}

/// The waiting takes three words, the buffer two, the count one.
#[test]
fn a_transfer_is_few_words() {
    let words = |size: usize| size / size_of::<usize>();
    assert_eq!(words(size_of::<Read<'_, TcpStream>>()), 5);
    assert_eq!(words(size_of::<Write<'_, TcpStream>>()), 5);
    assert_eq!(words(size_of::<ReadExact<'_, TcpStream>>()), 6);
    assert_eq!(words(size_of::<WriteAll<'_, TcpStream>>()), 6);
}
