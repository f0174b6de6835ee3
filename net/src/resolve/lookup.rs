//! One look-up by the system.

use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::task::{Context, Poll, ready};

use reveille_context::coop;

use crate::primitive::Arc;
use crate::resolve::exchange::Exchange;
use crate::resolve::names::Asking;
use crate::resolve::pool::{Pool, pool};

/// A name that the system's resolver is asked for, from the first poll on.
#[derive(Debug)]
pub(super) struct Lookup {
    host: String,
    port: u16,
    asked: Option<(Arc<Pool>, Arc<Exchange>, Asking)>,
}

impl Lookup {
    pub(super) fn new(host: String, port: u16) -> Self {
        Self {
            host,
            port,
            asked: None,
        }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<Vec<SocketAddr>>> {
        let progress = ready!(coop::poll_proceed(cx));
        let (_, exchange, _) = self.asked.get_or_insert_with(|| {
            let pool = pool();
            let exchange = Pool::ask(&pool, &self.host);
            (pool, exchange, Asking::begin())
        });
        let found = ready!(exchange.poll(cx, location));
        self.asked = None;
        progress.made();
        let mut addresses = found?;
        for address in &mut addresses {
            address.set_port(self.port);
        }
        Poll::Ready(Ok(addresses))
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let Some((pool, exchange, _asking)) = self.asked.take() {
            Pool::leave(&pool, &self.host, &exchange);
        }
    }
}
