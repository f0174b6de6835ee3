//! What is sent, and how long the answer is.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) struct Exchange {
    pub(crate) message: Vec<u8>,
    /// What comes back, if it is known; else any so many bytes are right.
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) answer_length: usize,
}

impl Exchange {
    /// So many bytes that come back as they are. Each is another than its neighbours, so that one too many or too few shows.
    pub(crate) fn echo(size: usize) -> Self {
        let message: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        Self {
            answer: Some(message.clone()),
            message,
            answer_length: size,
        }
    }

    /// A request, and an answer whose length the server tells once: it has a date in it, but a date has always one length.
    pub(crate) fn http1(address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let message = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&message)?;
        let mut answer = Vec::new();
        let body = loop {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
            if answer.ends_with(b"\r\n\r\n") {
                break content_length(&answer).ok_or("an answer without a length")?;
            }
        };
        Ok(Self {
            message,
            answer: None,
            answer_length: answer.len() + body,
        })
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
}
