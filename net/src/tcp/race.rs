//! Several addresses for one connection: happy eyeballs, version 2 (RFC 8305).
//!
//! The attempts are begun one after the other, 250 ms apart, or as soon as one fails; none is given up for that. The
//! first that succeeds is the connection, and the others are closed. So a peer that does not answer at one of its
//! addresses, as those of a broken IPv6 do, costs a quarter of a second, not the minutes until the system gives up.

use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use reveille_reactor::is_shutdown;
use reveille_timer::{Sleep, sleep};

use crate::attempts::Attempts;
use crate::tcp::attempt::Attempt;
use crate::tcp::stream::TcpStream;

/// The "connection attempt delay": what section 5 recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Dropping it closes all attempts.
#[derive(Debug)]
pub(crate) struct Race {
    left: vec::IntoIter<SocketAddr>,
    running: Vec<Attempt>,
    failed: Attempts,
    /// Until the next attempt; `None` when no address is left.
    delay: Option<Sleep>,
}

impl Race {
    pub(crate) fn new(addresses: impl Iterator<Item = SocketAddr>) -> Self {
        Self {
            left: alternating(addresses).into_iter(),
            running: Vec::new(),
            failed: Attempts::default(),
            delay: None,
        }
    }

    /// Ready with the first connection, or when every address has failed.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<TcpStream>> {
        loop {
            let before = self.running.len();
            if let Poll::Ready(outcome) = self.poll_running(cx, location) {
                return Poll::Ready(outcome);
            }
            let one_failed = self.running.len() < before;
            if self.running.is_empty() || one_failed || self.poll_delay(cx).is_ready() {
                if self.begin_next() {
                    // It has to be polled, to be waited for.
                    continue;
                }
                if self.running.is_empty() {
                    return Poll::Ready(Err(self.failed.take_error()));
                }
            }
            return Poll::Pending;
        }
    }

    /// Ready with the first of them that is connected. Those that have failed are taken out.
    fn poll_running(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<TcpStream>> {
        let mut index = 0;
        while let Some(attempt) = self.running.get(index) {
            match attempt.poll(cx, location) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(())) => {
                    let winner = self.running.remove(index);
                    return Poll::Ready(Ok(winner.into_stream()));
                }
                Poll::Ready(Err(error)) if is_shutdown(&error) => return Poll::Ready(Err(error)),
                Poll::Ready(Err(error)) => {
                    let loser = self.running.remove(index);
                    self.failed.failed(loser.address(), error);
                }
            }
        }
        Poll::Pending
    }

    fn poll_delay(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let delay = self.delay.as_mut();
        delay.map_or(Poll::Pending, |delay| Pin::new(delay).poll(cx))
    }

    /// Begins the next attempt that can be begun. False if there is none.
    fn begin_next(&mut self) -> bool {
        self.delay = None;
        while let Some(address) = self.left.next() {
            match Attempt::begin(address) {
                Ok(attempt) => {
                    self.running.push(attempt);
                    self.delay = (self.left.len() > 0).then(|| sleep(ATTEMPT_DELAY));
                    return true;
                }
                Err(error) => self.failed.failed(address, error),
            }
        }
        false
    }
}

/// The addresses in the order in which they are tried (section 4): both families by turns, beginning with that of the
/// first address, which is the one that the resolver prefers.
fn alternating(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses = addresses.peekable();
    let Some(v6_first) = addresses.peek().map(SocketAddr::is_ipv6) else {
        return Vec::new();
    };
    let (first, second): (Vec<_>, Vec<_>) = addresses.partition(|address| address.is_ipv6() == v6_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        order.extend(first.next());
        order.extend(second.next());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(hosts: &[&str]) -> Vec<String> {
        let addresses = hosts
            .iter()
            .map(|host| SocketAddr::new(host.parse().unwrap(), 80));
        let order = alternating(addresses).into_iter();
        order.map(|address| address.ip().to_string()).collect()
    }

    #[test]
    fn the_families_take_turns_and_keep_their_order() {
        assert_eq!(
            order(&["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"]),
            ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"]
        );
        assert_eq!(
            order(&["127.0.0.1", "127.0.0.2", "::1"]),
            ["127.0.0.1", "::1", "127.0.0.2"]
        );
    }

    #[test]
    fn one_family_alone_is_tried_in_its_order() {
        assert_eq!(order(&["::3", "::1", "::2"]), ["::3", "::1", "::2"]);
        assert_eq!(order(&[]), [""; 0]);
    }
}
