//! Names to addresses.
//!
//! ```text
//! resolve    what a ToSocketAddrs becomes: known, or a name that somebody has to be asked for
//! names      whom a runtime asks, and that asking ends with it
//! lookup     the system's resolver, asked for one name
//! pool       its threads            desk   who asks for what, and how many threads there should be
//! exchange   where a thread leaves the answer and a waker waits for it
//! ```

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::resolve::lookup::Lookup;
use crate::resolve::names::{Asked, Names, Seat};
use crate::to_socket_addrs::{SocketAddrs, ToSocketAddrs};

mod desk;
mod exchange;
mod lookup;
pub mod names;
mod pool;

/// Looks a host up: by the [`Resolver`](crate::Resolver) of the runtime, else by the system's `getaddrinfo`, on
/// [threads](crate::SystemResolver) that serve the whole process. An address is taken as it is, at once.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if a string is not of the form `host:port`; what the resolver says
/// (the system's, with the name) if it cannot be found; and that of starting a thread. While the runtime of this
/// thread shuts down, one for which [`is_shutdown`](reveille_reactor::is_shutdown) is true.
///
/// # Cancel safety
///
/// Safe: what is found is dropped. Dropping the future neither waits for the look-up to end nor delays another one.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     for address in reveille_net::lookup_host("localhost:80").await? {
///         assert!(address.ip().is_loopback());
///     }
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn lookup_host<T: ToSocketAddrs>(host: T) -> LookupHost {
    LookupHost {
        resolve: host.resolve(),
        location: Location::caller(),
    }
}

/// The future of [`lookup_host`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct LookupHost {
    resolve: Resolve,
    location: &'static Location<'static>,
}

impl Future for LookupHost {
    type Output = io::Result<SocketAddrs>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let location = self.location;
        self.resolve.poll(cx, location)
    }
}

/// Addresses, or how to get them: what every [`ToSocketAddrs`] becomes. Public only in name.
#[derive(Debug)]
pub struct Resolve(State);

#[derive(Debug)]
enum State {
    /// No look-up is needed, and this is the outcome.
    Known(io::Result<SocketAddrs>),
    Name {
        host: String,
        port: u16,
    },
    Asked(Asking, Seat),
    Finished,
}

impl Resolve {
    pub(crate) fn known(addresses: SocketAddrs) -> Self {
        Self(State::Known(Ok(addresses)))
    }

    pub(crate) fn failed(error: io::Error) -> Self {
        Self(State::Known(Err(error)))
    }

    pub(crate) fn name(host: &str, port: u16) -> Self {
        let host = host.to_owned();
        Self(State::Name { host, port })
    }

    /// The addresses; starts the look-up if there has to be one.
    ///
    /// # Panics
    ///
    /// When polled after it was ready.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<SocketAddrs>> {
        loop {
            match mem::replace(&mut self.0, State::Finished) {
                State::Known(outcome) => return Poll::Ready(outcome),
                State::Name { host, port } => {
                    self.0 = State::Asked(Asking::begin(host, port), Seat::default());
                }
                State::Asked(mut asking, mut seat) => {
                    seat.keep(cx, location)?;
                    let outcome = asking.poll(cx, location);
                    if outcome.is_pending() {
                        self.0 = State::Asked(asking, seat);
                    }
                    return outcome.map_ok(SocketAddrs::many);
                }
                State::Finished => panic!("a future was polled after it was ready; await it only once"),
            }
        }
    }
}

/// A look-up that has begun.
#[derive(Debug)]
enum Asking {
    System(Lookup),
    Other(Asked),
}

impl Asking {
    /// Asks whoever looks names up for this thread.
    fn begin(host: String, port: u16) -> Self {
        let names = Names::current();
        match names.as_ref().and_then(Names::resolver) {
            Some(resolver) => Self::Other(Asked::new(&**resolver, &host, port)),
            None => Self::System(Lookup::new(host, port)),
        }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<Vec<SocketAddr>>> {
        match self {
            Self::System(lookup) => lookup.poll(cx, location),
            Self::Other(asked) => asked.poll(cx),
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_lookup_that_nobody_polls_is_not_begun() {
        let mut resolve = Resolve::name("localhost", 80);
        assert!(matches!(resolve.0, State::Name { .. }));
        let cx = &mut Context::from_waker(Waker::noop());
        let _ = resolve.poll(cx, Location::caller());
        assert!(!matches!(resolve.0, State::Name { .. }));
    }
}
