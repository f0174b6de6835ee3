//! Many connections, on each of which a message, or several, is always on its way.

use std::io;
use std::time::Duration;

use mio::{Events, Poll};

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::figures::Figures;
use crate::options::Options;
use crate::{Outcome, ready};

/// So long it warms up.
const WARM_UP: Duration = Duration::from_millis(50);

pub(crate) fn run(options: &Options, exchange: &Exchange) -> Outcome {
    let mut poll = Poll::new()?;
    let mut connections = (0..options.connections)
        .map(|index| Connection::open(options.address, poll.registry(), index, exchange))
        .collect::<io::Result<Vec<_>>>()?;
    talk(&mut poll, &mut connections, exchange, options.pipelined, WARM_UP)?;
    ready()?;
    talk(
        &mut poll,
        &mut connections,
        exchange,
        options.pipelined,
        options.time,
    )?
    .print();
    Ok(())
}

/// Begins on all connections, asks again on each answer until the time is over, and waits for the last answers.
fn talk(
    poll: &mut Poll,
    connections: &mut [Connection],
    exchange: &Exchange,
    pipelined: usize,
    time: Duration,
) -> Result<Figures, Box<dyn std::error::Error>> {
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 << 10];
    let mut figures = Figures::begin();
    for connection in &mut *connections {
        connection.send(exchange, pipelined)?;
    }
    let mut talking = connections.len();
    while talking > 0 {
        poll.poll(&mut events, Some(Duration::from_secs(10)))?;
        if events.is_empty() {
            return Err("no answer for ten seconds".into());
        }
        let over = figures.elapsed() >= time;
        for event in &events {
            let connection = &mut connections[event.token().0];
            let was_quiet = connection.is_quiet();
            if event.is_writable() {
                connection.flush(exchange)?;
            }
            let answers = connection.receive(exchange, &mut buffer, |latency| figures.add(latency))?;
            if answers > 0 && !over {
                connection.send(exchange, answers)?;
            }
            talking -= usize::from(!was_quiet && connection.is_quiet());
        }
    }
    Ok(figures)
}
