//! Datagrams of 64 bytes, each sent when the one before has come back.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::figures::Figures;
use crate::options::Options;
use crate::{Outcome, ready};

pub(crate) fn run(options: &Options) -> Outcome {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(options.address)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    ping(&socket, options.size, options.time / 10)?;
    ready()?;
    ping(&socket, options.size, options.time)?.print();
    Ok(())
}

fn ping(socket: &UdpSocket, size: usize, time: Duration) -> Result<Figures, Box<dyn std::error::Error>> {
    let message: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    let mut answer = vec![0; size + 1];
    let mut figures = Figures::begin();
    while figures.elapsed() < time {
        let sent_at = Instant::now();
        socket.send(&message)?;
        let count = socket.recv(&mut answer)?;
        if answer[..count] != message {
            return Err("an answer is not what was sent".into());
        }
        figures.add(sent_at.elapsed());
    }
    Ok(figures)
}
