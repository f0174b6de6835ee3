//! Short connections: opened, one message, its answer, closed; so many at a time.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::figures::Figures;
use crate::options::Options;
use crate::{Outcome, ready};

pub(crate) fn run(options: &Options) -> Outcome {
    let exchange = Exchange::echo(options.size);
    connect(options, &exchange, options.time / 10)?;
    ready()?;
    connect(options, &exchange, options.time)?.print();
    Ok(())
}

fn connect(
    options: &Options,
    exchange: &Exchange,
    time: Duration,
) -> Result<Figures, Box<dyn std::error::Error>> {
    let mut poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let open = |index| -> io::Result<Option<(Instant, Connection)>> {
        let begun = Instant::now();
        let mut connection = Connection::begin(options.address, &registry, index)?;
        connection.send(exchange, 1)?;
        Ok(Some((begun, connection)))
    };
    let mut figures = Figures::begin();
    let mut slots = (0..options.connections)
        .map(open)
        .collect::<io::Result<Vec<_>>>()?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; exchange.answer_length];
    while slots.iter().any(Option::is_some) {
        poll.poll(&mut events, Some(Duration::from_secs(10)))?;
        if events.is_empty() {
            return Err("no answer for ten seconds".into());
        }
        let over = figures.elapsed() >= time;
        for event in &events {
            let index = event.token().0;
            let Some((begun, connection)) = &mut slots[index] else {
                continue;
            };
            connection.flush(exchange)?;
            if connection.receive(exchange, &mut buffer, drop)? > 0 {
                figures.add(begun.elapsed());
                // Closed first, so that no more are open than there are slots.
                slots[index] = None;
                if !over {
                    slots[index] = open(index)?;
                }
            }
        }
    }
    Ok(figures)
}
